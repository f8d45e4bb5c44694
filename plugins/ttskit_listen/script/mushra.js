"use strict";
// A trial of MUSHRA (ITU-R BS.1534-3): the named reference and hidden sounds among which it stands once more; a slider from 0 to 100
// for each with the five words of the scale; going from sound to sound keeps the place in time.
(() => {
  const { page, span, label, escape, one, every, journal } = ttskit;
  const { head, player, shown, trouble, status, next } = ttskit.parts;
  const WORDS = [5, 4, 3, 2, 1];  // from above: excellent … bad, a fifth of the scale each

  ttskit.mushra = (root, trial, finish) => {
    const began = performance.now(), count = trial.sounds.length, reference = trial.reference ? count : -1;
    const names = [...trial.sounds, ...(trial.reference ? [trial.reference] : [])];
    const strip = index => `<div class="strip" data-strip="${index}">${player(index, String(index + 1), String((index + 1) % 10))}` +
      `<div class="slide"><input type="range" min="0" max="100" step="1" value="50" data-slider="${index}" disabled ` +
      `${label("mushra.slider", { n: index + 1 })}><output aria-hidden="true">–</output></div></div>`;
    root.innerHTML = `<section class="card trial" data-trial="${escape(trial.id)}" data-kind="mushra">${head(trial)}` +
      `<div class="players">${trial.reference ? player(reference, "", "r") : ""}</div>${trouble}` +
      `<div class="mushra"><ol class="fifths" aria-hidden="true">${WORDS.map(word => `<li>${span(`answer.mos.${word}`)}</li>`).join("")}</ol>` +
      `<div class="strips">${trial.sounds.map((name, index) => strip(index)).join("")}</div></div>` +
      `<p class="hint" role="status"></p><p class="row end">${next()}</p></section>`;
    if (trial.reference) {
      const button = one(`[data-sound="${reference}"]`, root);
      button.dataset.space = "";
      ttskit.set(one(".letter", button), "reference");
    } else one('[data-sound="0"]', root).dataset.space = "";
    const sliders = every("[data-slider]", root), touched = new Set(), go = one(".next", root);
    const ready = slot => (page.plan.whole ? slot.heard : slot.plays > 0);
    const told = () => {
      if (!root.contains(go)) return;  // the test was left
      shown(root, deck);
      sliders.forEach((slider, index) => { slider.disabled = deck.slots[index].plays === 0; });
      const unheard = deck.slots.some(slot => !ready(slot));
      go.disabled = unheard || touched.size < count;
      status(root, unheard ? "hint.mushra.listen" : go.disabled ? "hint.mushra.rate" : "hint.next");
    };
    const deck = ttskit.deck(names, { limit: page.plan.plays, together: true, told });
    for (const button of every(".player", root)) button.addEventListener("click", () => deck.toggle(Number(button.dataset.sound)));
    const touch = slider => {
      touched.add(slider.dataset.slider);
      slider.closest(".slide").dataset.touched = "";
      slider.nextElementSibling.textContent = slider.value;
      told();
    };
    for (const slider of sliders) {
      slider.addEventListener("input", () => touch(slider));
      // one who means just 50 presses the thumb, or Enter, without moving it
      slider.addEventListener("pointerup", () => touch(slider));
      slider.addEventListener("keydown", event => { if (event.key === "Enter" && !touched.has(slider.dataset.slider)) { event.preventDefault(); touch(slider); } });
    }
    go.addEventListener("click", () => {
      if (go.disabled) return;
      deck.close();
      const heard = deck.slots.slice(0, count).filter(slot => slot.heard).length;
      const response = sliders.map(slider => Number(slider.value));
      finish({ trial: trial.id, response, plays: deck.plays.slice(0, count), heard, rt_ms: Math.round(performance.now() - began), at: journal.now() });
    });
    told();
  };
})();
