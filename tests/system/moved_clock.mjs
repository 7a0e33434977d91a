// A calendar for servers that a story moves on: two days pass in no time. Only the time of day moves; timers run as ever.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const [second, minute, hour, day] = [1, 60, 3600, 86_400];

export class MovedClock {
  #ahead = 0;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'postrider-clock-'));
    const library = join(this.folder, 'moved_clock.so');
    execFileSync(process.env.CC ?? 'clang-19', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, fileURLToPath(new URL('./moved_clock.c', import.meta.url))]);
    const file = join(this.folder, 'ahead');
    writeFileSync(file, Buffer.alloc(8));
    this.file = openSync(file, 'r+');
    this.environment = { LD_PRELOAD: library, POSTRIDER_STORY_CLOCK: file };
  }

  // What a server of this clock calls now.
  now() {
    return new Date(Date.now() + this.#ahead * 1000);
  }

  pass(seconds) {
    this.#ahead += seconds;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(this.#ahead));
    writeSync(this.file, bytes, 0, 8, 0);
  }

  end() {
    closeSync(this.file);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
