"use strict";
/** The demo page: a depth frame in, the hand's joints out. `about.json` describes the model and the samples. */
(async function () {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const form = byId("camera");
  const FINGERS = ["thumb", "index", "middle", "ring", "little"];
  const FIELDS = ["fx", "fy", "cx", "cy", "depth_scale", "hand"];
  const NO_ANSWER = "The program that serves this page does not answer. Is it still running?";
  const fingerOf = (joint) => FINGERS.find((name) => joint.startsWith(`${name}_`)) ?? "palm";

  let about = null; // the content of about.json
  let view = null; // the hand in 3D
  let frame = null; // { name, data } of the current frame
  let answer = null; // what the server found in it
  let pending = null; // AbortController of the request in flight
  let selectedSample = -1;

  function setStatus(text) {
    byId("status").textContent = text;
  }
  function showError(text) {
    byId("error").textContent = text;
    byId("error").hidden = !text;
    byId("status").hidden = Boolean(text);
  }

  // Local storage may be disabled; the page works without it.
  const storage = {
    read(key) {
      try { return JSON.parse(localStorage.getItem(`crossinfonet.${key}`)); } catch { return null; }
    },
    write(key, value) {
      try { localStorage.setItem(`crossinfonet.${key}`, JSON.stringify(value)); } catch { /* disabled */ }
    },
  };

  // The colour scheme is the system's until the button is pressed.
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.scheme ? root.dataset.scheme === "dark" : systemDark.matches);
  function showScheme() {
    byId("scheme").setAttribute("aria-pressed", isDark());
    view?.draw();
  }
  function setScheme(scheme) {
    if (scheme === "dark" || scheme === "light") root.dataset.scheme = scheme;
    showScheme();
  }
  byId("scheme").addEventListener("click", () => {
    setScheme(isDark() ? "light" : "dark");
    storage.write("scheme", root.dataset.scheme);
  });
  systemDark.addEventListener("change", showScheme);
  setScheme(storage.read("scheme"));

  // A sample brings its own camera; the user's camera is restored with the user's next frame.
  let ownCamera = true;
  function fillForm(values) {
    FIELDS.forEach((name) => { form.elements[name].value = values[name] ?? ""; });
  }
  const formValues = () => FIELDS.map((name) => [name, form.elements[name].value]);
  function restoreOwnCamera() {
    ownCamera = true;
    fillForm({ depth_scale: 1, hand: "right", ...storage.read("camera") });
    byId("camera-note").textContent = "Your own camera; remembered in this browser.";
  }
  form.addEventListener("change", () => {
    if (ownCamera) storage.write("camera", Object.fromEntries(formValues()));
    if (frame) estimate();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (frame) estimate(); else showError("Choose a depth PNG or a synthetic frame first.");
  });

  /** Sends the current frame with the camera; only the answer to the latest request is shown. */
  async function estimate() {
    pending?.abort();
    const request = pending = new AbortController();
    showError("");
    setStatus("Looking for the hand…");
    byId("result").setAttribute("aria-busy", "true");
    const query = new URLSearchParams(formValues());
    query.set("name", frame.name);
    try {
      const json = await fetchJson(`estimate?${query}`, {
        method: "POST", body: frame.data, headers: { "content-type": "image/png" }, signal: request.signal,
      });
      if (request === pending) showAnswer(json);
    } catch (error) {
      if (request !== pending) return;
      byId("result").hidden = true;
      showError(error.message);
    } finally {
      if (request === pending) finishEstimate();
    }
  }

  /** On a phone the result may be below the visible part of the page. */
  function finishEstimate() {
    byId("result").removeAttribute("aria-busy");
    const title = byId("outcome-title");
    if (title.getBoundingClientRect().top > 0.8 * window.innerHeight) title.scrollIntoView();
  }

  /** The JSON at a URL; throws an Error with a one-line message. */
  async function fetchJson(url, options) {
    const response = await fetch(url, options).catch(() => null);
    if (!response) throw new Error(NO_ANSWER);
    const json = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(json.error ?? `The server answered with status ${response.status}.`);
    return json;
  }

  function showAnswer(json) {
    answer = json;
    byId("result").hidden = false;
    byId("file-name").textContent = answer.frame;
    const distanceCm = (answer.centre_mm[2] / 10).toFixed(0);
    const elapsed = `${answer.elapsed_ms.toFixed(0)} ms`;
    // "left hand (98 %)" of a model that tells.
    const hand = answer.summary ? answer.summary[0].toUpperCase() + answer.summary.slice(1) : "Hand";
    const nearest = about.finds_hands ? "" : "The hand must be the object nearest to the camera. ";
    setStatus(answer.valid
      ? `${hand} found at a distance of ${distanceCm} cm, in ${elapsed}.`
      : `No hand found (${elapsed}). ${nearest}Are the camera parameters and the depth unit correct?`);
    [byId("numbers"), byId("hand").parentElement, byId("zoom"), byId("window-note")].forEach((part) => {
      part.hidden = !answer.valid;
    });
    drawOverlay();
    fillTable();
    if (answer.valid) drawHand();
    URL.revokeObjectURL(byId("csv").href);
    byId("csv").href = URL.createObjectURL(new Blob([answer.csv], { type: "text/csv" }));
    byId("csv").download = `${answer.frame}_joints.csv`;
  }

  function drawHand() {
    const colour = about.joints.map((joint) => `--${fingerOf(joint)}`);
    const poses = [{ joints: answer.joints_mm, colour, width: 3.5 }];
    if (view) view.show(poses); else view = hand3d(byId("hand"), { bones: about.bones, poses, yaw: 0.5 });
  }

  function svgElement(name, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  }

  function drawOverlay() {
    const { size: [width, height], window: box, valid } = answer;
    const zoomed = valid && byId("zoom").getAttribute("aria-pressed") === "true";
    byId("overlay").setAttribute("viewBox", (zoomed ? withMargin(box) : [0, 0, width, height]).join(" "));
    byId("overlay").setAttribute("aria-label", valid
      ? `Depth image of ${answer.frame} with the crop and the joints`
      : `Depth image of ${answer.frame}`);
    const picture = svgElement("image", { href: answer.picture, width, height, preserveAspectRatio: "none" });
    byId("overlay").replaceChildren(picture, ...(valid ? [cropOutline(box), ...skeleton()] : []));
  }

  /** The crop with some of its surroundings, so that its outline and joints at its edge are not cut. */
  function withMargin([x, y, width, height]) {
    const margin = 0.05 * Math.max(width, height);
    return [x - margin, y - margin, width + 2 * margin, height + 2 * margin];
  }

  const cropOutline = ([x, y, width, height]) => svgElement("rect", { class: "window", x, y, width, height });

  /** Bones and joints as lines, above their dark outlines; a line of zero length is a dot. */
  function skeleton() {
    // Joint positions count from the centre of the first pixel, SVG coordinates from its corner.
    const points = answer.joints_uvd.map(([u, v]) => [u + 0.5, v + 0.5]);
    const line = (kind, [x1, y1], [x2, y2]) => svgElement("line", { class: kind, x1, y1, x2, y2 });
    const boneFinger = (bone) => bone.map((joint) => fingerOf(about.joints[joint]))
      .find((name) => name !== "palm") ?? "palm";
    return [
      ...about.bones.map(([from, to]) => line("casing", points[from], points[to])),
      ...about.bones.map(([from, to]) => line(`bone ${boneFinger([from, to])}`, points[from], points[to])),
      ...points.map((point, joint) => line(`dot ${fingerOf(about.joints[joint])}`, point, point)),
    ];
  }

  function fillTable() {
    byId("joints").replaceChildren(...about.joints.map((joint, i) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      [head.scope, head.className, head.textContent] = ["row", fingerOf(joint), joint.replaceAll("_", " ")];
      row.append(head);
      [...answer.joints_mm[i], ...answer.joints_uvd[i].slice(0, 2)].forEach((value) => {
        row.insertCell().textContent = value.toFixed(1);
      });
      return row;
    }));
  }

  byId("zoom").addEventListener("click", () => {
    byId("zoom").setAttribute("aria-pressed", byId("zoom").getAttribute("aria-pressed") !== "true");
    drawOverlay();
  });
  byId("reset").addEventListener("click", () => view?.reset());

  // A frame comes from the file dialog, from a drop anywhere on the page, or from the samples.
  function takeFiles(files) {
    if (!files.length) return showError("Drop a file: a 16-bit depth PNG.");
    const [file] = files;
    if (file.size > about.body_bytes) {
      return showError(`${file.name}: the file is larger than ${about.body_bytes / 2 ** 20} MiB`);
    }
    if (!ownCamera) restoreOwnCamera();
    selectSample(-1);
    frame = { name: file.name, data: file };
    return estimate();
  }
  byId("file").addEventListener("change", () => {
    if (byId("file").files.length) takeFiles([...byId("file").files]);
    // So that choosing the same file again, after it was changed, is noticed.
    byId("file").value = "";
  });
  ["dragover", "dragleave", "drop"].forEach((kind) => document.addEventListener(kind, (event) => {
    event.preventDefault();
    root.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") takeFiles([...event.dataTransfer.files]);
  }));

  function selectSample(index) {
    selectedSample = index;
    byId("samples").querySelectorAll("button").forEach((button, i) => {
      button.setAttribute("aria-pressed", i === index);
    });
  }
  async function takeSample(index) {
    ownCamera = false;
    fillForm(about.samples[index]);
    byId("camera-note").textContent = "The synthetic frame's camera; yours is restored with your next frame.";
    selectSample(index);
    try {
      const data = await (await fetch(`samples/${index}.png`)).blob();
      if (selectedSample !== index) return undefined;
      frame = { name: about.samples[index].title, data };
    } catch {
      return showError(NO_ANSWER);
    }
    return estimate();
  }
  function sampleItem({ title }, index) {
    const [item, button, image, label] = ["li", "button", "img", "span"].map((name) => document.createElement(name));
    Object.assign(image, { src: `thumbnails/${index}.png`, alt: "", width: 320, height: 240 });
    label.textContent = title;
    button.type = "button";
    button.append(image, label);
    button.addEventListener("click", () => takeSample(index));
    item.append(button);
    return item;
  }
  function factItem([label, value]) {
    const [group, term, text] = ["div", "dt", "dd"].map((name) => document.createElement(name));
    [term.textContent, text.textContent] = [label, value];
    group.append(term, text);
    return group;
  }

  restoreOwnCamera();
  try {
    about = await fetchJson("about.json");
  } catch (error) {
    return showError(error.message);
  }
  byId("name").textContent = about.name;
  form.elements.hand.parentElement.hidden = about.finds_hands;
  byId("facts").append(...[
    ["Variant", about.variant], ["Trained on", about.dataset], ["Joints", about.joints.length],
    ["Crop cube", `${about.cube_mm} mm`],
  ].map(factItem));
  byId("samples").append(...about.samples.map(sampleItem));
  selectSample(-1);
})();
