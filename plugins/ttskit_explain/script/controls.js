"use strict";
// What can be touched. All are real buttons and inputs with names.
//   ui.player(heard, name)                          a play button; one sound at a time. heard: {audio, seconds}
//   ui.choices({label, options: [{value, name}], value, onchange})      buttons of which one is pressed
//   ui.slider({label, values | min, max, value, show, onchange})        over a list of values, or whole numbers
//   ui.tokens({tokens, chosen, label, onchange})                        the sentence's symbols, one chosen
//   ui.short(symbol)                                a symbol where there is little room: "‖" for an edge, "␣" for a space
// Widgets for everyone:
//   "heatmap"   spec as for ui.heat, values by reference, `audio` for a player
//   "variants"  {controls: [{key, label, options: [{value, name}]}], variants: [{when: {key: value}, audio?, mel?, alignment?, note?}], tokens}
//               buttons choose a variant that Python computed: it is heard and seen
(() => {
  const ui = ttskit.ui;
  ui.short = symbol => (symbol === " " ? "␣" : /^<.+>$/.test(symbol) ? "‖" : String(symbol));
  // One sound a file, whatever is drawn anew meanwhile, so that the button that can stop it is always there.
  let sounding = null;
  const sounds = {};
  const stop = sound => { sound.pause(); sound.currentTime = 0; };
  const sound = path => {
    if (!sounds[path]) {
      sounds[path] = Object.assign(new Audio(path), { preload: "none", shown: new Set() });
      ["play", "pause", "ended"].forEach(event => sounds[path].addEventListener(event, () => sounds[path].shown.forEach(show => show())));
    }
    return sounds[path];
  };
  const orphaned = () => { if (sounding && ![...sounding.shown].some(show => show())) stop(sounding); };
  ui.player = (heard, name) => {
    const own = sound(heard.audio);
    const button = ui.el("button", { type: "button", class: "player", onclick: () => {
      if (!own.paused) { stop(own); return; }
      if (sounding && sounding !== own) stop(sounding);
      sounding = own;
      own.play().catch(error => console.error(heard.audio, error));
    } });
    let added = false;
    const show = () => {  // whether the button is still on the page
      if (added && !button.isConnected) { own.shown.delete(show); return false; }
      button.textContent = `${own.paused ? "▶" : "■"} ${name} (${ui.number(heard.seconds, 1)} s)`;
      button.setAttribute("aria-label", `${ui.say(own.paused ? "play" : "stop")}: ${name}`);
      button.dataset.playing = String(!own.paused);
      return true;
    };
    show();
    own.shown.add(show);
    queueMicrotask(() => { added = button.isConnected; orphaned(); });  // after the drawing that it is part of
    button.sound = own;
    return button;
  };
  ui.choices = ({ label, options, value, onchange }) => ui.el("div", { class: "row", role: "group", "aria-label": label },
    ui.el("span", { class: "soft" }, label),
    options.map(one => ui.el("button", { type: "button", "aria-pressed": String(one.value === value), onclick: () => onchange(one.value) }, one.name)));
  ui.slider = ({ label, values, min = 0, max, value, show = String, onchange }) => {
    const list = values || null, position = list ? Math.max(0, list.indexOf(value)) : value;
    const output = ui.el("output", {}, show(list ? list[position] : position));
    const input = ui.el("input", { type: "range", min: list ? 0 : min, max: list ? list.length - 1 : max, step: 1, value: position, "aria-label": label, oninput: event => {
      const chosen = list ? list[+event.target.value] : +event.target.value;
      output.textContent = show(chosen);
      input.setAttribute("aria-valuetext", show(chosen));
      onchange(chosen);
    } });
    input.setAttribute("aria-valuetext", output.textContent);
    return ui.el("div", { class: "row" }, ui.el("label", {}, label, input, output));
  };
  ui.tokens = ({ tokens, chosen, label, onchange }) => ui.el("div", { class: "tokens", role: "group", "aria-label": label },
    tokens.map((token, i) => ui.el("button", { type: "button", "aria-pressed": String(i === chosen), "aria-label": `${ui.say("token")} ${i + 1}: ${token}`, onclick: () => onchange(i) }, token)));

  ttskit.widget("heatmap", (root, spec, ui) => () => {
    const parts = [ui.heat({ ...spec, values: ui.array(spec.values), rows: { up: spec.scale === "mel", ...spec.rows }, label: spec.label ? ui.say(spec.label) : "", host: root })];
    if (spec.audio) parts.unshift(ui.el("div", { class: "row" }, ui.player(spec.audio, ui.say("hear"))));
    root.replaceChildren(...parts);
  });

  ttskit.widget("variants", (root, spec, ui) => {
    const state = Object.fromEntries(spec.controls.map(one => [one.key, one.options[0].value]));
    const draw = () => {
      const found = spec.variants.find(one => Object.entries(one.when).every(([key, value]) => state[key] === value));
      const parts = spec.controls.map(one => ui.choices({ label: ui.say(one.label), value: state[one.key], options: one.options.map(o => ({ value: o.value, name: ui.say(o.name) })), onchange: value => { state[one.key] = value; draw(); } }));
      if (!found) parts.push(ui.el("p", { class: "note" }, ui.say("not_made")));
      else {
        if (found.audio) parts.push(ui.el("div", { class: "row" }, ui.player(found.audio, ui.say("hear"))));
        if (found.mel) parts.push(ui.heat({ values: ui.array(found.mel), rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", range: spec.range, label: ui.say("mel"), height: 170, host: root }));
        if (found.alignment) parts.push(ui.heat({ values: ui.array(found.alignment), rows: { name: "token", labels: spec.tokens }, columns: { name: "frame" }, label: ui.say("alignment"), host: root }));
      }
      root.replaceChildren(...parts);
    };
    return draw;
  });
})();
