"use strict";
/** The page to try a network: a frame in, its joints out. `about.json` says what there is to show. */
(async function () {
  const root = document.documentElement;
  const [by, form] = [(id) => document.getElementById(id), document.getElementById("camera")];
  const FINGERS = ["thumb", "index", "middle", "ring", "little"];
  const FIELDS = ["fx", "fy", "cx", "cy", "depth_scale", "hand"];
  const finger = (joint) => FINGERS.find((name) => joint.startsWith(`${name}_`)) ?? "palm";
  const say = (text) => { by("status").textContent = text; };
  let [about, view, frame, shown, asked, ofSample, picked] = [null, null, null, null, null, false, -1];

  function complain(text) {
    by("error").textContent = text;
    by("error").hidden = !text;
    by("status").hidden = Boolean(text);
  }

  /** The browser may refuse to keep anything; the page works all the same. */
  const kept = {
    read(key) {
      try { return JSON.parse(localStorage.getItem(`crossinfonet.${key}`)); } catch { return null; }
    },
    write(key, value) {
      try { localStorage.setItem(`crossinfonet.${key}`, JSON.stringify(value)); } catch { /* not kept */ }
    },
  };

  // Light or dark: the system's until the button is pressed.
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.scheme ? root.dataset.scheme === "dark" : system.matches);
  function showScheme() {
    by("scheme").setAttribute("aria-pressed", dark());
    view?.draw();
  }
  function setScheme(scheme) {
    if (scheme === "dark" || scheme === "light") root.dataset.scheme = scheme;
    showScheme();
  }
  by("scheme").addEventListener("click", () => {
    setScheme(dark() ? "light" : "dark");
    kept.write("scheme", root.dataset.scheme);
  });
  system.addEventListener("change", showScheme);
  setScheme(kept.read("scheme"));

  // The camera: a sample brings its own, the user's comes back with the user's next frame.
  function fill(values) {
    FIELDS.forEach((name) => { form.elements[name].value = values[name] ?? ""; });
  }
  const entered = () => FIELDS.map((name) => [name, form.elements[name].value]);
  function ownCamera() {
    ofSample = false;
    fill({ depth_scale: 1, hand: "right", ...kept.read("camera") });
    by("camera-note").textContent = "Of your own camera; kept in this browser.";
  }
  form.addEventListener("change", () => {
    if (!ofSample) kept.write("camera", Object.fromEntries(entered()));
    if (frame) find();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (frame) find(); else complain("Choose a depth PNG or a synthetic frame first.");
  });

  /** Sends the frame with the camera; of several answers only that to the last question is shown. */
  async function find() {
    asked?.abort();
    const question = asked = new AbortController();
    complain("");
    say("Looking for the hand…");
    by("result").setAttribute("aria-busy", "true");
    const query = new URLSearchParams(entered());
    query.set("name", frame.name);
    try {
      const answer = await ask(`estimate?${query}`, {
        method: "POST", body: frame.data, headers: { "content-type": "image/png" }, signal: question.signal,
      });
      if (question === asked) show(answer);
    } catch (error) {
      if (question !== asked) return;
      by("result").hidden = true;
      complain(error.message);
    } finally {
      if (question === asked) finished();
    }
  }

  /** On a phone the outcome may stand below what is seen. */
  function finished() {
    by("result").removeAttribute("aria-busy");
    const title = by("outcome-title");
    if (title.getBoundingClientRect().top > 0.8 * window.innerHeight) title.scrollIntoView();
  }

  /** JSON of an address; throws an Error that says in one line what is wrong. */
  async function ask(address, options) {
    const answer = await fetch(address, options).catch(() => null);
    if (!answer) throw new Error("The program that serves this page does not answer. Is it still running?");
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(found.error ?? `The program answered with status ${answer.status}.`);
    return found;
  }

  function show(answer) {
    shown = answer;
    by("result").hidden = false;
    by("file-name").textContent = answer.frame;
    const away = (answer.centre_mm[2] / 10).toFixed(0);
    say(answer.valid
      ? `Hand found, ${away} cm away, in ${answer.elapsed_ms.toFixed(0)} ms.`
      : `No hand found (${answer.elapsed_ms.toFixed(0)} ms). It must be the object nearest to the camera; `
        + "are the camera's numbers and the millimetres of a depth unit right?");
    [by("numbers"), by("hand").parentElement, by("zoom"), by("window-note")].forEach((part) => {
      part.hidden = !answer.valid;
    });
    drawOverlay();
    fillTable();
    if (answer.valid) drawHand();
    URL.revokeObjectURL(by("csv").href);
    by("csv").href = URL.createObjectURL(new Blob([answer.csv], { type: "text/csv" }));
    by("csv").download = `${answer.frame}_joints.csv`;
  }

  function drawHand() {
    const colour = about.joints.map((joint) => `--${finger(joint)}`);
    const poses = [{ joints: shown.joints_mm, colour, width: 3.5 }];
    if (view) view.show(poses); else view = hand3d(by("hand"), { bones: about.bones, poses, yaw: 0.5 });
  }

  function element(name, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.append(...children);
    return made;
  }

  function drawOverlay() {
    const { size: [width, height], window: box, valid } = shown;
    const zoomed = valid && by("zoom").getAttribute("aria-pressed") === "true";
    by("overlay").setAttribute("viewBox", (zoomed ? box : [0, 0, width, height]).join(" "));
    by("overlay").setAttribute("aria-label", valid
      ? `Depth picture of ${shown.frame} with the crop's window and the joints`
      : `Depth picture of ${shown.frame}`);
    const picture = element("image", { href: shown.picture, width, height, preserveAspectRatio: "none" });
    by("overlay").replaceChildren(picture, ...(valid ? [outline(box), ...skeleton()] : []));
  }

  const outline = ([x, y, width, height]) => element("rect", { class: "window", x, y, width, height });

  /** Lines from joint to joint, the casing of all below; a line of no length is a dot. */
  function skeleton() {
    // A position counts from the middle of the first pixel, a drawing from its corner.
    const spots = shown.joints_uvd.map(([u, v]) => [u + 0.5, v + 0.5]);
    const line = (kind, [x1, y1], [x2, y2]) => element("line", { class: kind, x1, y1, x2, y2 });
    const of = (pair) => pair.map((joint) => finger(about.joints[joint])).find((name) => name !== "palm") ?? "palm";
    return [
      ...about.bones.map(([from, to]) => line("casing", spots[from], spots[to])),
      ...about.bones.map((pair) => line(`bone ${of(pair)}`, ...pair.map((joint) => spots[joint]))),
      ...spots.map((spot, joint) => line(`dot ${finger(about.joints[joint])}`, spot, spot)),
    ];
  }

  function fillTable() {
    by("joints").replaceChildren(...about.joints.map((joint, i) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      [head.scope, head.className, head.textContent] = ["row", finger(joint), joint.replaceAll("_", " ")];
      row.append(head);
      [...shown.joints_mm[i], ...shown.joints_uvd[i].slice(0, 2)].forEach((value) => {
        row.insertCell().textContent = value.toFixed(1);
      });
      return row;
    }));
  }

  by("zoom").addEventListener("click", () => {
    by("zoom").setAttribute("aria-pressed", by("zoom").getAttribute("aria-pressed") !== "true");
    drawOverlay();
  });
  by("back").addEventListener("click", () => view?.reset());

  // A frame comes from the file dialog, from a drop anywhere on the page, or from the samples.
  function take(files) {
    if (!files.length) return complain("Drop a file: a 16-bit depth PNG.");
    const [file] = files;
    if (file.size > about.body_bytes) {
      return complain(`${file.name}: the file is larger than ${about.body_bytes / 2 ** 20} MiB`);
    }
    if (ofSample) ownCamera();
    pressed(-1);
    frame = { name: file.name, data: file };
    return find();
  }
  by("file").addEventListener("change", () => {
    if (by("file").files.length) take([...by("file").files]);
    // The same file may be picked again, after it was written anew.
    by("file").value = "";
  });
  const dropping = (on) => root.classList.toggle("dropping", on);
  ["dragover", "dragleave", "drop"].forEach((kind) => document.addEventListener(kind, (event) => {
    event.preventDefault();
    dropping(kind === "dragover");
    if (kind === "drop") take([...event.dataTransfer.files]);
  }));

  function pressed(sample) {
    picked = sample;
    by("samples").querySelectorAll("button").forEach((button, i) => {
      button.setAttribute("aria-pressed", i === sample);
    });
  }
  async function takeSample(i) {
    ofSample = true;
    fill(about.samples[i]);
    by("camera-note").textContent = "Of the synthetic frame; your own comes back with your next frame.";
    pressed(i);
    try {
      const data = await (await fetch(`samples/${i}.png`)).blob();
      if (picked !== i) return undefined;
      frame = { name: about.samples[i].title, data };
    } catch {
      return complain("The program that serves this page does not answer. Is it still running?");
    }
    return find();
  }
  function offerSample({ title }, i) {
    const [item, button, picture, text] = ["li", "button", "img", "span"].map((name) => document.createElement(name));
    Object.assign(picture, { src: `thumbnails/${i}.png`, alt: "", width: 320, height: 240 });
    text.textContent = title;
    button.type = "button";
    button.append(picture, text);
    button.addEventListener("click", () => takeSample(i));
    item.append(button);
    return item;
  }
  function fact([label, value]) {
    const [group, term, text] = ["div", "dt", "dd"].map((name) => document.createElement(name));
    [term.textContent, text.textContent] = [label, value];
    group.append(term, text);
    return group;
  }

  ownCamera();
  try {
    about = await ask("about.json");
  } catch (error) {
    return complain(error.message);
  }
  by("name").textContent = about.name;
  by("facts").append(...[
    ["Variant", about.variant], ["Trained on", about.dataset], ["Joints", about.joints.length],
    ["Side of the crop's cube", `${about.cube_mm} mm`],
  ].map(fact));
  by("samples").append(...about.samples.map(offerSample));
  pressed(-1);
})();
