"use strict";
// One trial: what is said, its sounds, the scale. A jsPsych plugin of our own, since each kind has several sounds that may be heard
// again, an answer that may be changed until one goes on, and words in two languages; MUSHRA's sliders are in mushra.js.
//
// What is handed in is answers.Answer: response as the kind has it, plays and heard of the sounds, the time, and when.
(() => {
  const { page, span, block, label, set, escape, one, every, journal } = ttskit;
  const LETTERS = { cmos: ["A", "B"], ab: ["A", "B"], abx: ["A", "B", "X"], mos: [""], transcribe: [""] };
  const SCALES = {
    cmos: [-3, -2, -1, 0, 1, 2, 3], mos: [1, 2, 3, 4, 5], abx: ["first", "second"],
    get ab() { return page.plan.allow_none ? ["first", "none", "second"] : ["first", "second"]; },
  };
  const LONGEST = 2000;  // characters of a text, as answers.Text has it

  const where = trial => {
    const same = journal.trials().filter(other => other.practice === trial.practice);
    const values = { n: same.findIndex(other => other.id === trial.id) + 1, of: same.length };
    return `<p class="where">${trial.practice ? `<strong class="badge">${span("practice")}</strong> ` : ""}${span(trial.practice ? "where.practice" : "where", values)}</p>`;
  };
  const asked = trial => {
    if (!trial.ask) return "";
    const known = SCALES[page.plan.kind], value = known && known.map(String).includes(trial.ask) ? `@answer.${page.plan.kind}.${trial.ask}` : trial.ask;
    return `<p class="ask" role="note">${span("attention", { answer: value })}</p>`;
  };
  const head = trial => `${where(trial)}<h1 tabindex="-1">${span("question")}</h1>${asked(trial)}` +
    (trial.text ? `<p class="sentence">${escape(trial.text)}</p>` : "");

  // A sound's button: play or stop; what it says follows the state. `which`: the words of its spoken name.
  const player = (index, letter, key) => `<button type="button" class="player" data-sound="${index}"${key ? ` data-key="${key}"` : ""}>` +
    `<span class="icon" aria-hidden="true"></span><span class="letter">${letter ? escape(letter) : span("sound")}</span>` +
    `<span class="state"></span></button>`;
  const shown = (root, deck) => {
    deck.slots.forEach((slot, index) => {
      const button = one(`[data-sound="${index}"]`, root);
      if (!button) return;
      const state = slot.failed ? "failed" : slot.playing ? "playing" : slot.heard ? "heard" : "waiting";
      button.dataset.state = state;
      if (slot.heard) button.dataset.heard = "";
      button.disabled = deck.spent(slot) && !slot.playing;
      const words = state === "heard" && button.disabled ? "state.spent" : `state.${state}`;
      const state_node = one(".state", button);
      if (state_node.dataset.say !== words) set(state_node, words);
    });
    const failed = deck.slots.some(slot => slot.failed), note = one(".trouble", root);
    if (failed === note.hidden) { note.hidden = !failed; if (failed) note.innerHTML = block("trouble"); }
  };
  const trouble = `<div class="trouble" role="alert" hidden></div>`;
  const status = (root, key, values) => {
    const node = one(".hint", root);
    if (node.dataset.say !== key) set(node, key, values);
  };
  const next = () => `<button type="button" class="next main" data-enter disabled>${span("next")}</button>`;

  const scale = kind => `<fieldset class="answers" data-kind="${kind}" disabled><legend class="hidden">${span("question")}</legend>` +
    SCALES[kind].map((value, index) => `<label><input type="radio" name="answer" value="${value}" data-key="${index + 1}">` +
      `<kbd aria-hidden="true">${index + 1}</kbd><span class="words">${span(`answer.${kind}.${value}`)}</span></label>`).join("") + "</fieldset>";
  const field = trial => `<fieldset class="answers" data-kind="transcribe" disabled><label class="long" for="heard">${span("transcribe.field")}</label>` +
    `<textarea id="heard" rows="3" maxlength="${LONGEST}" autocomplete="off" autocapitalize="off" spellcheck="false" data-trial-text="${escape(trial.id)}"></textarea></fieldset>`;

  const draw = (root, trial, finish) => {
    const kind = page.plan.kind, letters = LETTERS[kind], began = performance.now(), limit = page.plan.plays;
    root.innerHTML = `<section class="card trial" data-trial="${escape(trial.id)}" data-kind="${kind}">${head(trial)}` +
      `<div class="players">${trial.sounds.map((name, index) => player(index, letters[index], letters[index].toLowerCase())).join("")}</div>` +
      (kind === "transcribe" || letters.length === 1 ? "" : `<button type="button" class="again" data-space>${span("again")}</button>`) +
      `${trouble}<p class="hint" role="status"></p>${kind === "transcribe" ? field(trial) : scale(kind)}<p class="row end">${next()}</p></section>`;
    const answers = one(".answers", root), go = one(".next", root), text = one("textarea", root);
    if (letters.length === 1) one(".player", root).dataset.space = "";
    const chosen = () => (text ? text.value.trim() : (one("input:checked", answers) || {}).value);
    const told = () => {
      if (!root.contains(go)) return;  // the test was left
      shown(root, deck);
      const enough = deck.slots.every(slot => (page.plan.whole ? slot.heard : slot.plays > 0));
      if (enough) answers.disabled = false;
      const again = one(".again", root);
      if (again) again.disabled = deck.slots.some(slot => deck.spent(slot));
      go.disabled = answers.disabled || !chosen();
      if (answers.disabled) status(root, limit ? "hint.listen.limit" : "hint.listen", { limit });
      else status(root, !chosen() ? "hint.answer" : "hint.next");
    };
    const deck = ttskit.deck(trial.sounds, { limit, told });
    for (const button of every(".player", root)) button.addEventListener("click", () => deck.toggle(Number(button.dataset.sound)));
    const again = one(".again", root);
    if (again) again.addEventListener("click", () => (deck.playing ? deck.stop() : deck.sequence()));
    answers.addEventListener("input", told);
    go.addEventListener("click", () => {
      if (go.disabled) return;
      const value = chosen(), response = kind === "cmos" || kind === "mos" ? Number(value) : value;
      deck.close();
      finish({ trial: trial.id, response, plays: deck.plays, heard: deck.heard, rt_ms: Math.round(performance.now() - began), at: journal.now() });
    });
    told();
    // What is written down is heard when the listener is ready; the rest begins by itself.
    if (kind !== "transcribe" && deck.slots.every(slot => !slot.failed)) deck.sequence();
  };

  const { ParameterType } = jsPsychModule;
  class Trial {
    constructor(jsPsych) { this.jsPsych = jsPsych; }
    trial(display, { asked: trial }) {
      const make = page.plan.kind === "mushra" ? ttskit.mushra : draw;
      make(display, trial, answer => this.jsPsych.finishTrial(answer));
      one("h1", display).focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }
  Trial.info = { name: "ttskit-trial", version: "1.0.0", parameters: { asked: { type: ParameterType.OBJECT, default: undefined } }, data: {} };
  Object.assign(ttskit, { Trial, parts: { head, player, shown, trouble, status, next, label } });
})();
