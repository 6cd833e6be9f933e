"use strict";
/**
 * A stick figure of a hand that can be rotated, on a canvas. No library, no network access. This is a classic
 * script that defines the global function `hand3d`.
 *
 *   const view = hand3d(canvas, {
 *     bones: [[0, 1], [1, 2]],                    // pairs of joint indices
 *     poses: [{ joints: [[x, y, z], ...],         // mm in camera space: x right, y down, z forward
 *               colour: "--truth",                // a colour, or a CSS variable of the canvas, or a list with
 *                                                 // one per joint: a bone has the colour of its second joint
 *               width: 3,                         // line width in CSS pixels (2); thinner on a small canvas
 *               alpha: 1,                         // opacity, 0 to 1 (1)
 *               dash: [6, 3] }],                  // dash pattern in CSS pixels ([])
 *     yaw: 0.6, pitch: 0.2                        // initial rotation in radians
 *   });
 *   view.show(poses)      shows other poses at the same rotation; the first pose sets centre and scale
 *   view.turn(yaw, pitch) rotates by radians; view.reset() restores the initial rotation; view.draw()
 *                         redraws, for instance after the page's colours changed
 *
 * It is rotated by dragging, and by the arrow keys while the canvas has the focus (give it tabindex="0");
 * Home resets the view. Give the canvas a size in CSS, and `touch-action: pan-y` so that vertical swipes still
 * scroll the page (`none` to rotate in both directions). It redraws itself when its size or the system's
 * colour scheme changes.
 */
function hand3d(canvas, { bones, poses, yaw = 0.6, pitch = 0.2 }) {
  const context = canvas.getContext("2d");
  const start = [yaw, pitch];
  const STEP = Math.PI / 18;
  const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
  let held = null;

  /** Centre of the first pose and the largest distance of a joint from it, outliers of other poses aside. */
  function frame() {
    const middle = [0, 1, 2].map((i) => {
      const values = poses[0].joints.map((joint) => joint[i]);
      return (Math.min(...values) + Math.max(...values)) / 2;
    });
    const reach = (pose) => Math.max(1, ...pose.joints.map((j) => Math.hypot(...j.map((x, i) => x - middle[i]))));
    return { middle, radius: Math.min(Math.max(...poses.map(reach)), 1.6 * reach(poses[0])) };
  }

  /** Returns a function: joint in mm -> [x, y, nearness from -1 to 1] on the canvas. */
  function projection({ middle, radius }, width, height) {
    const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    const scale = (0.44 * Math.min(width, height)) / radius;
    return (joint) => {
      const [x, y, z] = joint.map((value, i) => value - middle[i]);
      const [turnedX, depth] = [cy * x + sy * z, cy * z - sy * x];
      const [turnedY, away] = [cp * y + sp * depth, cp * depth - sp * y];
      const near = 1 / (1 + away / (5 * radius));
      return [width / 2 + scale * near * turnedX, height / 2 + scale * near * turnedY, -away / radius];
    };
  }

  function paint(colour) {
    return colour.startsWith("--") ? getComputedStyle(canvas).getPropertyValue(colour).trim() : colour;
  }

  /** The bones and joints of one pose as [nearness, drawing function]. */
  function strokes(pose, place, fine) {
    const spots = pose.joints.map(place);
    const { alpha = 1, dash = [] } = pose;
    const width = fine * (pose.width ?? 2);
    const colours = [pose.colour].flat().map(paint);
    const colourOf = (i) => colours[i % colours.length];
    const drawn = (near, colour, line) => [near, () => {
      context.globalAlpha = alpha * Math.min(1, Math.max(0.45, 0.8 + 0.35 * near));
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = width * (1 + 0.25 * near);
      context.setLineDash(dash);
      context.beginPath();
      line();
    }];
    const bone = ([from, to], colour) => drawn((from[2] + to[2]) / 2, colour, () => {
      context.moveTo(from[0], from[1]);
      context.lineTo(to[0], to[1]);
      context.stroke();
    });
    const joint = (spot, i) => drawn(spot[2] + 0.01, colourOf(i), () => {
      context.arc(spot[0], spot[1], 1.1 * width * (1 + 0.25 * spot[2]), 0, 2 * Math.PI);
      context.fill();
    });
    return [...bones.map((pair) => bone(pair.map((i) => spots[i]), colourOf(pair[1]))), ...spots.map(joint)];
  }

  function draw() {
    const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (!width || !height || !poses.length) return;
    context.scale(ratio, ratio);
    context.lineCap = "round";
    const place = projection(frame(), width, height);
    const fine = Math.min(1, Math.min(width, height) / 200);
    const all = poses.flatMap((pose) => strokes(pose, place, fine));
    all.sort((a, b) => a[0] - b[0]).forEach(([, stroke]) => stroke());
  }

  function turn(byYaw, byPitch) {
    yaw += byYaw;
    pitch = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, pitch + byPitch));
    draw();
  }

  function reset() {
    [yaw, pitch] = start;
    draw();
  }

  canvas.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    turn((event.clientX - held[0]) / 90, (held[1] - event.clientY) / 90);
    held = [event.clientX, event.clientY];
  });
  ["pointerup", "pointercancel"].forEach((kind) => canvas.addEventListener(kind, () => { held = null; }));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Home") reset();
    else if (KEYS[event.key]) turn(...KEYS[event.key]);
    else return;
    event.preventDefault();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(draw).observe(canvas);
  draw();
  return { draw, turn, reset, show(others) { poses = others; draw(); } };
}
