"use strict";
// The sounds of a trial: one is heard at a time, and it is counted how often each was begun and whether it was heard to its end.
//
//   ttskit.deck(names, {limit, together, told})
//     limit: how often each may be begun, 0 for any; told(): something changed
//     together: going from one sound to another keeps the place in time (MUSHRA). All run at once and all but one are muted, since
//       browsers do not reliably find a place inside a FLAC file; at the end of the one that is heard all begin anew.
//   deck.slots: {name, audio, plays, heard, failed, playing}
(() => {
  const GAP_MS = 400, END_S = 0.06;

  // Whether pieces [from, to] cover 0 … duration, up to what one does not hear.
  const covers = (pieces, duration) => {
    let reached = 0;
    for (const [from, to] of [...pieces].sort((a, b) => a[0] - b[0])) if (from <= reached + END_S) reached = Math.max(reached, to);
    return duration > 0 && reached >= duration - END_S;
  };

  ttskit.deck = (names, { limit = 0, together = false, told: tell = () => {} } = {}) => {
    let queue = 0, closed = false;
    const told = () => { if (!closed) tell(); };
    const slots = names.map(name => ({ name, audio: ttskit.sounds.slot(name), plays: 0, heard: false, failed: false, playing: false, pieces: [] }));
    const spent = slot => limit > 0 && slot.plays >= limit;
    const current = () => slots.find(slot => slot.playing);

    // What was heard of a sound since it was begun, or since it was switched to.
    const note = slot => {
      slot.pieces.push([slot.from, slot.audio.ended ? slot.audio.duration : slot.audio.currentTime]);
      slot.from = slot.audio.currentTime;
      if (covers(slot.pieces, slot.audio.duration)) slot.heard = true;
    };
    const leave = slot => {
      if (!slot || !slot.playing) return;
      if (together) note(slot);
      slot.playing = false;
      slot.audio.muted = together;
    };
    const stop = () => {
      clearTimeout(queue);
      leave(current());
      for (const slot of slots) {
        slot.audio.pause();
        if (!together) slot.audio.currentTime = 0;
      }
    };
    const fail = slot => {
      slot.playing = false;
      slot.failed = true;
      ttskit.journal.failed(slot.name);
      told();
    };
    // All of them from where they stand, or from the beginning where the one that is wanted is at its end.
    const run = slot => {
      const anew = !together || slot.audio.ended || slots.some(other => other.failed);
      for (const other of together ? slots : [slot]) {
        if (anew) other.audio.currentTime = 0;
        if (other === slot) continue;
        other.audio.muted = true;
        if (!other.audio.ended || anew) other.audio.play().catch(() => { /* it is told of when it is wanted */ });
      }
      slot.audio.muted = false;
      return slot.audio.play();
    };

    const play = async (index, then) => {
      const slot = slots[index], before = current();
      if (closed || spent(slot)) return;
      clearTimeout(queue);
      const switching = together && before && !slot.audio.paused && !slot.audio.ended;
      if (switching) leave(before); else stop();
      if (slot.failed) { slot.failed = false; slot.audio.load(); }
      slot.then = then;
      slot.playing = true;
      told();
      try {
        if (switching) slot.audio.muted = false; else await run(slot);
        slot.plays += 1;
        slot.from = slot.audio.currentTime < END_S ? 0 : slot.audio.currentTime;
      } catch (error) {
        if (error.name === "AbortError" && !(slot.playing && slot.audio.paused)) return;  // stopped, or begun anew meanwhile
        slot.playing = false;
        // In both cases the browser waits for the listener to press a button.
        if (!["NotAllowedError", "AbortError"].includes(error.name)) fail(slot);
      }
      told();
    };
    // One after the other, from the one at `index` on.
    const sequence = (index = 0) => {
      if (index < slots.length) play(index, () => { queue = setTimeout(() => sequence(index + 1), GAP_MS); });
    };

    for (const slot of slots) {
      const ended = () => {
        if (closed || !slot.playing) return;
        if (together) {
          note(slot);
          slot.from = 0;
          run(slot).catch(() => { slot.playing = false; told(); });
        } else {
          slot.heard = true;
          slot.playing = false;
        }
        const then = slot.then;
        slot.then = null;
        if (then) then();
        told();
      };
      slot.audio.addEventListener("ended", ended);
      // one that was entered in its middle is heard once its beginning came too
      if (together) slot.audio.addEventListener("timeupdate", () => { if (slot.playing && !slot.heard && slot.from !== undefined) { note(slot); if (slot.heard) told(); } });
      // stopped from outside, as when the listener asks to leave; the event comes late: what was begun anew since then goes on
      slot.audio.addEventListener("pause", () => { if (slot.playing && slot.audio.paused && !slot.audio.ended && !closed && slot.audio.readyState > 0) { leave(slot); told(); } });
      slot.audio.addEventListener("error", () => { if (!closed) fail(slot); });
      if (slot.audio.error) { slot.failed = true; ttskit.journal.failed(slot.name); }  // when it was asked for ahead
    }
    return {
      slots, play, sequence, spent,
      stop: () => { stop(); told(); },
      close: () => { closed = true; stop(); for (const slot of slots) ttskit.sounds.release(slot.audio); },
      toggle: index => { if (slots[index].playing) { stop(); told(); } else play(index); },
      get playing() { return Boolean(current()); },
      get plays() { return slots.map(slot => slot.plays); },
      get heard() { return slots.filter(slot => slot.heard).length; },
    };
  };
})();
