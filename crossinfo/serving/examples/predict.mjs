// Joints of the hand in a depth PNG, in mm. Needs Node.js 18 or newer and nothing else:
//   node predict.mjs http://localhost:8501 frame.png 363.9,363.9,255.4,206.3
import { readFile } from "node:fs/promises";

const [server, file, camera] = process.argv.slice(2);
const image = await readFile(file);
const response = await fetch(`${server}/v1/models/hand:predict`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  signal: AbortSignal.timeout(30_000),
  body: JSON.stringify({
    signature_name: "png",
    instances: [{ image_bytes: { b64: image.toString("base64") }, camera: camera.split(",").map(Number) }],
  }),
});
const answer = await response.json();
if (!response.ok) {
  console.error(`error: ${answer.error}`);
  process.exit(2);
}
const [hand] = answer.predictions;
if (!hand.valid) console.log("no hand found");
else hand.joints_mm.forEach((xyz, joint) => console.log(joint, ...xyz.map((value) => value.toFixed(3))));
