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

  const samples = JSON.parse(document.getElementById("samples").textContent);
  const letter = (n) => String.fromCharCode(65 + (n % 26));
  const unlike = (values) => [...new Set(values)];
  const fill = (select, pairs) => {
    for (const [value, text] of pairs) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = text;
      select.append(option);
    }
    select.closest("label").hidden = pairs.length < 2;
  };
  for (const part of document.querySelectorAll(".listen")) {
    const [sentence, minutes, seed] = ["sentence", "minutes", "seed"].map((name) => part.querySelector(`select.${name}`));
    const voices = part.querySelector(".voices"), hide = part.querySelector(".hide"), show = part.querySelector(".show");
    let blind = part.dataset.blind === "true", order = [];
    fill(sentence, samples.sentences.map((one) => [one.id, `${one.id} · ${one.text.slice(0, 46)}`]));
    fill(minutes, unlike(samples.spoken.map((one) => one.group)).map((one) => [one, one]));
    fill(seed, unlike(samples.spoken.map((one) => String(one.seed))).map((one) => [one, one]));
    const draw = () => {
      const text = samples.sentences.find((one) => one.id === sentence.value);
      part.querySelector(".said").textContent = text ? text.text : "";
      let found = samples.spoken.filter(
        (one) => one.sentence === sentence.value && one.group === minutes.value && String(one.seed) === seed.value);
      const natural = samples.natural.find((one) => one.sentence === sentence.value);
      found = (natural ? [{ audio: natural.audio, label: part.dataset.natural }] : []).concat(found);
      if (blind) {
        if (order.length !== found.length) {
          order = found.map((_, n) => n);
          for (let n = order.length - 1; n > 0; n -= 1) {
            const other = Math.floor(Math.random() * (n + 1));
            [order[n], order[other]] = [order[other], order[n]];
          }
        }
        found = order.map((n) => found[n]);
      }
      voices.replaceChildren(...found.map((one, n) => {
        const box = document.createElement("div"), name = document.createElement("strong"), audio = document.createElement("audio");
        box.className = "voice";
        name.textContent = blind ? `${part.dataset.voice} ${letter(n)}` : one.label;
        audio.controls = true;
        audio.preload = "none";
        audio.src = one.audio;
        box.append(name, audio);
        if (blind) box.dataset.name = one.label;
        return box;
      }));
      show.hidden = !blind;
      hide.setAttribute("aria-pressed", String(blind));
    };
    for (const one of [sentence, minutes, seed]) one.addEventListener("change", () => { order = []; draw(); });
    hide.addEventListener("click", () => { blind = !blind; order = []; draw(); });
    show.addEventListener("click", () => {
      for (const box of voices.children) {
        const name = box.querySelector("strong");
        if (!name.textContent.includes(":")) name.textContent += `: ${box.dataset.name}`;
      }
    });
    draw();
  }
  document.addEventListener("play", (event) => {
    for (const one of document.querySelectorAll("audio")) if (one !== event.target) one.pause();
  }, true);
})();
