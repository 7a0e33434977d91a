// Waiting for something to become true, with a limit and the words for what was waited for.
import { setTimeout as pause } from 'node:timers/promises';

export async function until(what, holds, seconds = 30) {
  const limit = Date.now() + seconds * 1000;
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > limit) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await pause(25);
  }
}
