"use strict";
(() => {
  const root = document.documentElement;
  const buttons = [...document.querySelectorAll("[data-to]")];
  // Whoever has no mouse scrolls a table that is too wide once it has the focus.
  const reach = () => {
    for (const one of document.querySelectorAll(".table")) {
      if (one.scrollWidth > one.clientWidth + 1) one.tabIndex = 0;
      else one.removeAttribute("tabindex");
    }
  };
  const speak = (name) => {
    if (!buttons.some((one) => one.dataset.to === name)) return;
    root.lang = name;
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.to === name));
    const main = document.querySelector(`main[data-language="${name}"]`);
    if (main) document.title = main.dataset.title;
    reach();
  };
  for (const one of buttons) one.addEventListener("click", () => speak(one.dataset.to));
  const named = /[#?&]lang=(en|es)/.exec(location.href);
  if (named) speak(named[1]);
  addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  reach();
  // One sound at a time.
  document.addEventListener("play", (event) => {
    for (const one of document.querySelectorAll("audio")) if (one !== event.target) one.pause();
  }, true);
})();
