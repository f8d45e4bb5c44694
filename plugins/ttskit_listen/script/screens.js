"use strict";
// The screens before the trials, each a step of jsPsych's timeline: welcome, consent, browser, volume, headphones, questionnaire,
// instructions. `shown(step)` is called when one is on the page.
(() => {
  const { page, span, block, label, escape, one, every, journal } = ttskit;
  const { ParameterType } = jsPsychModule;

  // A screen that is only words and buttons: draw(root, go) draws it, go(result) ends it.
  class Screen {
    constructor(jsPsych) { this.jsPsych = jsPsych; }
    trial(display, { draw }) {
      draw(display, result => this.jsPsych.finishTrial({ result }));
      settle(display);
    }
  }
  Screen.info = { name: "ttskit-screen", version: "1.0.0", parameters: { draw: { type: ParameterType.FUNCTION, default: undefined } }, data: {} };
  const settle = display => {
    scrollTo(0, 0);
    const title = one("h1", display);
    if (title) { title.tabIndex = -1; title.focus({ preventScroll: true }); }
  };
  const screen = (name, html, wire) => ({
    type: Screen,
    draw: (root, go) => {
      root.innerHTML = `<section class="card" data-screen="${name}">${html()}</section>`;
      wire(one("section", root), go);
    },
  });
  const button = (key, name, kind = "") => `<button type="button" class="${kind}" data-go="${name}"${kind === "main" ? " data-enter" : ""}>${span(key)}</button>`;
  const wired = (root, acts) => { for (const node of every("[data-go]", root)) node.addEventListener("click", () => acts[node.dataset.go](node)); };
  const simple = (name, html, act = () => {}) => screen(name, html, (root, go) => wired(root, { on: () => { act(); go(); } }));

  const names = { es: "Español", en: "English" };

  const welcome = () => simple("welcome", () => `<h1>${span("title")}</h1>${block("welcome")}` +
    (journal.works ? "" : `<p class="note">${span("storage.none")}</p>`) + `<p class="row end">${button("begin", "on", "main")}</p>`);
  const back = () => simple("back", () => `<h1>${span("back.title")}</h1>${block("back", { done: journal.file.answers.length, of: journal.trials().length })}` +
    `<p class="row end">${button("continue", "on", "main")}</p>`);

  const consent = decline => screen("consent", () => `<h1>${span("consent.title")}</h1>${block("consent")}` +
    `<p class="row end">${button("consent.no", "no")}${button("consent.yes", "yes", "main")}</p>`,
    (root, go) => wired(root, { yes: () => { journal.change({ consent: true, began: journal.now() }); go(); }, no: decline }));

  // What the browser can do, by jsPsych's browser-check; nothing more is kept than name, whether it is a phone, and the window's size.
  const browser = () => ({
    type: jsPsychBrowserCheck,
    features: ["width", "height", "browser", "browser_version", "mobile"],
    inclusion_function: () => ttskit.sounds.plays(),
    exclusion_message: () => `<section class="card" data-screen="unfit"><h1>${span("unfit.title")}</h1>${block("unfit")}</section>`,
    on_finish: found => {
      const name = [found.browser, String(found.browser_version || "").split(".")[0]].filter(Boolean).join(" ");
      journal.done("browser", { browser: { name, mobile: Boolean(found.mobile), width: found.width || 0, height: found.height || 0 } });
    },
  });

  // Volume: one of the test's own sounds, again and again; a slider for fine setting, jsPsych's html-slider-response.
  const volume = () => {
    const first = journal.trials()[0], name = first.reference || first.sounds[0];
    let audio = null;
    return {
      type: jsPsychHtmlSliderResponse,
      stimulus: () => `<h1>${span("volume.title")}</h1>${block("volume")}<p class="row"><button type="button" class="player" data-sample data-space data-state="waiting">` +
        `<span class="icon" aria-hidden="true"></span><span class="letter">${span("sample")}</span><span class="state">${span("state.waiting")}</span></button></p>`,
      labels: () => [span("volume.soft"), span("volume.full")],
      button_label: () => span("volume.done"),
      min: 20, max: 100, step: 5, slider_start: 100,
      on_load: () => {
        const stage = one("#stage"), play = one("[data-sample]", stage), slider = one("input[type=range]", stage), go = one("#jspsych-html-slider-response-next", stage);
        audio = ttskit.sounds.slot(name);
        const state = value => { play.dataset.state = value; ttskit.set(one(".state", play), `state.${value}`); };
        audio.addEventListener("ended", () => state("heard"));
        audio.addEventListener("error", () => { state("failed"); journal.failed(name); });
        play.addEventListener("click", () => {
          if (!audio.paused) { audio.pause(); state("waiting"); return; }
          if (audio.error) audio.load();
          audio.currentTime = 0;
          audio.play().then(() => { go.disabled = false; state("playing"); }).catch(error => { if (error.name !== "AbortError") state("failed"); });
        });
        slider.dataset.label = "volume.slider";
        slider.setAttribute("aria-label", ttskit.say("volume.slider"));
        slider.addEventListener("input", () => { audio.volume = slider.value / 100; });
        go.dataset.enter = "";
        go.classList.add("main");
        go.disabled = true;  // until the sample was begun once
        one("#stage .jspsych-content").dataset.screen = "volume";
        settle(stage);
      },
      on_finish: data => {
        ttskit.sounds.release(audio);
        ttskit.sounds.volume = data.response / 100;
        journal.all.volume = ttskit.sounds.volume;
        journal.done("volume");
      },
    };
  };

  // Headphones (Woods et al. 2017): which of three tones is the softest; jsPsych's audio-button-response, each trial heard once.
  const headphones = () => {
    const right = page.plan.headphones, paths = right.map((one, index) => `audio/hp_${index + 1}.flac`);
    const given = [];  // of all attempts
    let attempt = [], attempts = 0, silent = false;
    const enough = Math.ceil((right.length * 5) / 6), score = () => attempt.filter((answer, index) => answer === right[index]).length;
    const load = { type: jsPsychPreload, audio: paths, message: () => `<p>${span("loading")}</p>`, continue_after_error: true, max_load_time: 15_000,
      on_finish: data => { if (!data.success) { silent = true; journal.failed("headphones"); } } };
    const trial = index => ({
      timeline: [{
        type: jsPsychAudioButtonResponse,
        stimulus: paths[index],
        choices: () => [1, 2, 3].map(number => span(`headphones.${number}`)),
        button_html: (choice, number) => `<button type="button" class="wide" data-key="${number + 1}"><kbd aria-hidden="true">${number + 1}</kbd> ${choice}</button>`,
        prompt: () => `<p class="hint">${span("headphones.hint")}</p><p class="row"><button type="button" data-silent>${span("headphones.silent")}</button></p>`,
        response_allowed_while_playing: false,
        post_trial_gap: 400,
        on_load: () => {
          const stage = one("#stage .jspsych-content");
          stage.dataset.screen = "headphones";
          stage.insertAdjacentHTML("afterbegin", `<p class="where">${span("where.headphones", { n: index + 1, of: right.length })}</p><h1>${span("headphones.question")}</h1>`);
          one("[data-silent]", stage).addEventListener("click", () => {
            silent = true;
            ttskit.jsPsych.pluginAPI.getAudioPlayer(paths[index]).then(player => player.stop());
            ttskit.jsPsych.finishTrial({ response: null });
          });
          settle(stage);
        },
        on_finish: data => { if (data.response !== null && data.response !== undefined) { attempt.push(data.response + 1); given.push(data.response + 1); } },
      }],
      conditional_function: () => !silent,
    });
    const told = simple("headphones-failed", () => `<h1>${span("headphones.title")}</h1>${block(attempts < 2 ? "headphones.again" : "headphones.failed")}<p class="row end">${button("continue", "on", "main")}</p>`);
    return {
      timeline: [
        { timeline: [simple("headphones-intro", () => `<h1>${span("headphones.title")}</h1>${block("headphones", { n: right.length })}<p class="row end">${button("headphones.begin", "on", "main")}</p>`, () => { attempt = []; })],
          conditional_function: () => attempts === 0 && !silent },
        ...right.map((one, index) => trial(index)),
        { timeline: [told], conditional_function: () => { attempts += 1; return !silent && score() < enough; } },
      ],
      loop_function: () => {
        const over = silent || score() >= enough || attempts >= 2;
        if (!over) attempt = [];
        else journal.done("headphones", { headphones: silent && !given.length ? null : { answers: given, right: score() } });
        return !over;
      },
      before: load,
    };
  };

  // A questionnaire as jsPsych's survey-html-form; its words are keys as all others are.
  const question = (asked, index) => {
    const id = `q-${asked.name}`, need = asked.required ? " required" : "";
    const title = span(`question.${asked.name}`) + (asked.required ? "" : ` <small>${span("optional")}</small>`);
    if (asked.kind !== "choice") {
      const input = asked.kind === "text" ? `<input type="text" id="${id}" name="${asked.name}" maxlength="2000"${need}>` : `<textarea id="${id}" name="${asked.name}" rows="4" maxlength="2000"${need}></textarea>`;
      return `<div class="question"><label for="${id}">${title}</label>${input}</div>`;
    }
    const choices = Object.keys(asked.choices).map(value =>
      `<label><input type="radio" name="${asked.name}" value="${escape(value)}"${need}><span>${span(`question.${asked.name}.${value}`)}</span></label>`);
    return `<fieldset class="question"><legend>${title}</legend><div class="choices">${choices.join("")}</div></fieldset>`;
  };
  const survey = (name, questions, title) => ({
    type: jsPsychSurveyHtmlForm,
    preamble: () => `<h1>${span(title)}</h1>`,
    html: () => questions.map(question).join(""),
    button_label: () => ttskit.say("next"),
    on_load: () => {
      one("#stage .jspsych-content").dataset.screen = name;
      const go = one("#jspsych-survey-html-form-next");
      go.dataset.value = "next";
      go.classList.add("main");
      settle(one("#stage"));
    },
    on_finish: data => {
      const given = Object.entries(data.response).map(([key, value]) => [key, value.trim()]).filter(([, value]) => value);
      journal.ask(Object.fromEntries(given));
      journal.done(name);
    },
  });

  // The scale is shown as it will be in the trials, not to be touched.
  const scale = () => {
    const { kind } = page.plan;
    const values = { cmos: [-3, -2, -1, 0, 1, 2, 3], mos: [1, 2, 3, 4, 5], mushra: [1, 2, 3, 4, 5] }[kind];
    if (!values) return "";
    const about = value => (kind === "cmos" ? span(`answer.cmos.${value}`) : kind === "mushra" ? `${span(`answer.mos.${value}`)} <small>${value * 20 - 20}–${value * 20}</small>` : `${value} · ${span(`answer.mos.${value}`)}`);
    return `<p>${span("scale")}</p><ol class="scale">${values.map(value => `<li>${about(value)}</li>`).join("")}</ol>`;
  };
  const instructions = () => simple("instructions", () => `<h1>${span("instructions.title")}</h1>${block("instructions")}${scale()}${page.plan.whole ? block("instructions.whole") : ""}` +
    `<details><summary>${span("keys.title")}</summary>${block("keys")}</details><p class="row end">${button(journal.left().some(one => one.practice) ? "begin.practice" : "begin.test", "on", "main")}</p>`);
  const test = () => simple("test", () => `<h1>${span("test.title")}</h1>${block("test", { n: journal.trials().filter(one => !one.practice).length })}<p class="row end">${button("begin.test", "on", "main")}</p>`);
  const rest = left => simple("break", () => `<h1>${span("break.title")}</h1>${block("break", { left })}<p class="row end">${button("continue", "on", "main")}</p>`);

  ttskit.screens = { Screen, screen, simple, button, wired, names, welcome, back, consent, browser, volume, headphones, survey, instructions, test, rest, settle };
})();
