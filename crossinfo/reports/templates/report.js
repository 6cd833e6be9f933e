"use strict";
(function () {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const say = (text) => { document.getElementById("status").textContent = text; };
  const views = [];
  root.classList.remove("plain");

  // Light or dark: the system's until the button is pressed.
  const scheme = document.getElementById("scheme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.scheme ? root.dataset.scheme === "dark" : system.matches);
  const showScheme = () => {
    scheme.setAttribute("aria-pressed", dark());
    views.forEach((view) => view.draw());
  };
  scheme.addEventListener("click", () => {
    root.dataset.scheme = dark() ? "light" : "dark";
    showScheme();
  });
  system.addEventListener("change", showScheme);

  // Tables sort by a heading's button; cells without a value stay last.
  function sortBy(heading) {
    const table = heading.closest("table");
    const column = heading.cellIndex;
    const up = heading.getAttribute("aria-sort") !== "ascending";
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      return up ? order : -order;
    };
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    say(`Sorted by ${heading.textContent.trim()}, ${up ? "ascending" : "descending"}.`);
  }
  all("table.sortable thead button").forEach((button) => {
    button.addEventListener("click", () => sortBy(button.closest("th")));
  });

  // Frames: one list, shown as the chosen method ranks it, with its poses in front.
  const list = document.getElementById("cards");
  const picker = document.getElementById("ranked-by");
  const bones = list ? JSON.parse(list.dataset.bones) : [];
  const ranked = () => (picker ? picker.value : "m0");

  function posesOf(card) {
    return Object.entries(card.poses)
      .filter(([key]) => !root.classList.contains(`hide-${key}`))
      .map(([key, joints]) => ({
        joints,
        colour: key === "truth" ? "--truth" : `--${key}`,
        width: key === "truth" || key === ranked() ? 2.6 : 1.4,
        alpha: key === "truth" || key === ranked() ? 1 : 0.4,
      }));
  }
  const cards = all(".card").map((element) => ({
    element,
    canvas: element.querySelector("canvas"),
    ranks: JSON.parse(element.dataset.ranks),
    poses: JSON.parse(element.dataset.poses),
  }));
  function showPoses(card) {
    if (card.element.hidden) return;
    if (card.view) return card.view.show(posesOf(card));
    card.view = hand3d(card.canvas, { bones, poses: posesOf(card) });
    views.push(card.view);
  }
  function rank() {
    const shown = cards.filter((card) => card.ranks[ranked()]);
    cards.forEach((card) => { card.element.hidden = !card.ranks[ranked()]; });
    shown.sort((a, b) => a.ranks[ranked()][0] - b.ranks[ranked()][0]);
    shown.forEach((card) => {
      const kind = card.ranks[ranked()][1];
      card.element.querySelector(".rank").textContent = kind;
      card.element.dataset.kind = kind;
      all(".pose", card.element).forEach((pose) => {
        pose.classList.toggle("lead", pose.classList.contains(ranked()));
      });
      list.append(card.element);
      showPoses(card);
    });
  }
  function open() {
    const card = cards.find((found) => `#${found.element.id}` === window.location.hash);
    if (!card) return;
    if (picker && !card.ranks[ranked()]) {
      [picker.value] = Object.keys(card.ranks);
      rank();
    }
    card.element.scrollIntoView();
  }
  if (picker) picker.addEventListener("change", () => {
    rank();
    say(`Frames ranked by ${picker.selectedOptions[0].textContent}.`);
  });
  window.addEventListener("hashchange", open);

  // A method's box hides its rows, lines, bars and poses.
  all("#methods input").forEach((box) => {
    const apply = () => root.classList.toggle(`hide-${box.value}`, !box.checked);
    apply();
    box.addEventListener("change", () => {
      apply();
      cards.forEach(showPoses);
      say(`${box.closest("label").textContent.trim()} ${box.checked ? "shown" : "hidden"}.`);
    });
  });

  if (list) rank();
  showScheme();
  open();
})();
