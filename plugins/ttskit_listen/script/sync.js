"use strict";
// Answers to the server, where there is one: sent as they are given, again and again until it has them, in order. What was not sent
// stays in the journal, so that a closed browser or a broken connection loses nothing.
(() => {
  const { page, journal } = ttskit;
  const FIRST_MS = 1000, LONGEST_MS = 30_000, PATIENCE_MS = 20_000;
  let waiting = 0, working = false, timer = 0, refused = null;

  class Refused extends Error {
    constructor(status, message) { super(message); this.status = status; }
  }
  const ask = async (method, name, body) => {
    const stop = new AbortController(), patience = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(`api/${name}`, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal: stop.signal });
      const content = await answer.json().catch(() => ({}));
      if (answer.ok) return content;
      if (answer.status === 429 || answer.status >= 500) throw new Error(String(answer.status));
      throw Object.assign(new Refused(answer.status, content.error || String(answer.status)), { content });
    } finally { clearTimeout(patience); }
  };
  const pause = milliseconds => new Promise(done => {
    const over = () => { clearTimeout(timer); removeEventListener("online", over); done(); };
    timer = setTimeout(over, milliseconds);
    addEventListener("online", over);
  });
  // Until it is answered or refused; what is refused is thrown.
  const insist = async (method, name, body) => {
    for (let wait = FIRST_MS; ; wait = Math.min(2 * wait, LONGEST_MS)) {
      try {
        const content = await ask(method, name, body());
        waiting = 0;
        return content;
      } catch (error) {
        if (error instanceof Refused) throw error;
        waiting += 1;
        show();
        await pause(wait * (0.75 + Math.random() / 2));
      }
    }
  };

  const show = () => {
    const node = ttskit.one("#state"), kept = journal.all;
    if (!page.mode.server || !kept || !kept.file.consent) return;
    const unsent = kept.file.answers.filter(one => !kept.sent[one.trial]).length;
    const key = refused ? "sync.refused" : waiting ? "sync.waiting" : unsent ? "sync.sending" : "sync.saved";
    node.dataset.sync = key;
    ttskit.set(node, key, { reason: refused || "", unsent });
  };
  const header = () => {
    const { answers, ...fields } = journal.file;
    return { listener: page.listener, header: { ...fields, ended: "", complete: false } };  // that it is over is said by `end`
  };
  const pump = async () => {
    if (working || !page.mode.server || !journal.file.consent) return;
    working = true;
    const kept = journal.all;
    try {
      for (;;) {
        const one = kept.file.answers.find(answer => !kept.sent[answer.trial]);
        if (kept.sentHeader < kept.header && !kept.ended) {
          const version = kept.header;
          await tolerant(() => insist("PUT", "header", header));
          kept.sentHeader = version;
        } else if (one) {
          await tolerant(() => insist("PUT", "answer", () => ({ listener: page.listener, answer: one })));
          kept.sent[one.trial] = true;
        } else if (kept.file.ended && !kept.ended) {
          // an answer that is missing there was refused or lost: what is here is sent once more
          const content = await insist("POST", "end", () => ({ listener: page.listener, ended: kept.file.ended }));
          kept.completion = content.completion || {};
          kept.ended = true;
        } else break;
        journal.save();
        show();
      }
    } catch (error) {
      const missing = error instanceof Refused && error.content && error.content.missing;
      const ours = (missing || []).filter(id => journal.answered(id) && !kept.again);
      if (ours.length) {
        kept.again = true;
        for (const id of ours) delete kept.sent[id];
        working = false;
        return pump();
      }
      if (!(error instanceof Refused)) throw error;
      refused = error.message;
      journal.save();
    } finally { working = false; show(); }
    return undefined;
  };
  // What the server refuses is shown once and stays in the journal; the rest goes on. The same answer twice is no fault.
  const tolerant = async send => {
    try { await send(); } catch (error) {
      if (!(error instanceof Refused) || error.status === 401 || error.status === 404) throw error;
      if (error.status !== 409) refused = error.message;
    }
  };

  // Who is there: {listener, file}. Raises Refused where the code is unknown.
  const begin = async (listener, participant) => {
    const found = await insist("POST", "begin", () => ({ listener, ...(participant ? { participant } : {}) }));
    return found;
  };
  // What the server has and this browser has not, as of a listener who began elsewhere.
  const adopt = file => {
    const kept = journal.all;
    if (!file || file.test !== page.plan.id) return;
    const own = new Map(kept.file.answers.map(one => [one.trial, one]));
    for (const one of file.answers) { own.set(one.trial, one); kept.sent[one.trial] = true; }
    for (const id of Object.keys(kept.sent)) if (!file.answers.some(one => one.trial === id)) delete kept.sent[id];
    const order = journal.trials().map(one => one.id);
    const answers = [...own.values()].sort((a, b) => order.indexOf(a.trial) - order.indexOf(b.trial));
    if (!kept.file.consent && file.consent) {
      Object.assign(kept.file, file);
      const questions = page.plan.questions.every(one => !one.required || one.name in file.questions);
      Object.assign(kept.done, { browser: true, questions, closing: file.complete });
      kept.sentHeader = kept.header;
    }
    kept.file.answers = answers;
    if (file.complete && file.ended) kept.sentHeader = kept.header;
    journal.save();
  };

  ttskit.sync = { begin, adopt, pump, show, Refused, get refused() { return refused; } };
})();
