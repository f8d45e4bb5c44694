"use strict";
(() => {
  const root = document.documentElement;
  const buttons = [...document.querySelectorAll("[data-to]")];
  const speak = (name) => {
    if (!buttons.some((one) => one.dataset.to === name)) return;
    root.lang = name;
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.to === name));
    const main = document.querySelector(`main[data-language="${name}"]`);
    if (main) document.title = main.dataset.title;
  };
  for (const one of buttons) one.addEventListener("click", () => speak(one.dataset.to));
  const named = /[#?&]lang=(en|es)/.exec(location.href);
  if (named) speak(named[1]);
  // One sound at a time.
  document.addEventListener("play", (event) => {
    for (const one of document.querySelectorAll("audio")) if (one !== event.target) one.pause();
  }, true);
})();
