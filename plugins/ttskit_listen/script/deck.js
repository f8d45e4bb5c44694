"use strict";
// The sounds of a trial: one plays at a time, and it is counted how often each was begun and whether it was heard to its end.
//
//   ttskit.deck(names, {limit, together, told})
//     limit: how often each may be begun, 0 for any; told(): something changed
//     together: going from one sound to another keeps the place in time, and a sound begins anew at its end (MUSHRA)
//   deck.slots: {name, audio, plays, heard, failed, playing}
(() => {
  const GAP_MS = 400, END_S = 0.06;

  ttskit.deck = (names, { limit = 0, together = false, told = () => {} } = {}) => {
    let queue = 0, closed = false;
    const slots = names.map(name => ({ name, audio: ttskit.sounds.slot(name), plays: 0, heard: false, failed: false, playing: false }));

    // Everything between beginning and end was played, in whatever pieces.
    const covered = audio => {
      let reached = 0;
      for (let i = 0; i < audio.played.length; i++) if (audio.played.start(i) <= reached + END_S) reached = Math.max(reached, audio.played.end(i));
      return audio.duration > 0 && reached >= audio.duration - END_S;
    };
    const rest = (slot, keep) => {
      slot.audio.pause();
      slot.playing = false;
      if (!keep) slot.audio.currentTime = 0;
    };
    const stop = keep => { clearTimeout(queue); for (const slot of slots) if (slot.playing) rest(slot, keep); };
    const spent = slot => limit > 0 && slot.plays >= limit;

    const play = async (index, then) => {
      const slot = slots[index], from = slots.find(one => one.playing);
      if (closed || spent(slot)) return;
      const time = together ? (from || slot).audio.currentTime : 0;
      stop(together);
      if (slot.failed) { slot.failed = false; slot.audio.load(); }
      slot.audio.currentTime = together && time < (slot.audio.duration || Infinity) - END_S ? time : 0;
      slot.then = then;
      slot.playing = true;
      told();
      try {
        await slot.audio.play();
        slot.plays += 1;
      } catch (error) {
        if (error.name === "AbortError") return;  // stopped before it began
        slot.playing = false;
        if (error.name !== "NotAllowedError") fail(slot);  // else the browser waits for the listener to press a button
      }
      told();
    };
    const fail = slot => {
      slot.playing = false;
      slot.failed = true;
      ttskit.journal.failed(slot.name);
      told();
    };
    // One after the other, from the one at `index` on.
    const sequence = (index = 0) => {
      if (index < slots.length) play(index, () => { queue = setTimeout(() => sequence(index + 1), GAP_MS); });
    };
    for (const slot of slots) {
      slot.audio.loop = together;
      const ended = () => {
        slot.heard = true;
        slot.playing = false;
        const then = slot.then;
        slot.then = null;
        if (!closed && then) then();
        told();
      };
      const passing = () => { if (!slot.heard && covered(slot.audio)) { slot.heard = true; told(); } };
      slot.audio.addEventListener("ended", ended);
      // stopped from outside, as when the listener asks to leave
      slot.audio.addEventListener("pause", () => { if (slot.playing && !slot.audio.ended && !closed) { slot.playing = false; told(); } });
      if (together) slot.audio.addEventListener("timeupdate", passing);
      slot.audio.addEventListener("error", () => { if (!closed) fail(slot); });
      if (slot.audio.error) fail(slot);
    }
    return {
      slots, play, sequence, spent,
      stop: () => { stop(together); told(); },
      close: () => { closed = true; stop(); for (const slot of slots) ttskit.sounds.release(slot.audio); },
      toggle: index => { if (slots[index].playing) { stop(together); told(); } else play(index); },
      get playing() { return slots.some(slot => slot.playing); },
      get plays() { return slots.map(slot => slot.plays); },
      get heard() { return slots.filter(slot => slot.heard).length; },
    };
  };
})();
