// Postfix's smtp-sink with its running count: what it says it took is what arrived.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export async function counting_sink(port) {
  const child = spawn('smtp-sink', ['-c', ...(process.getuid() === 0 ? ['-u', 'nobody'] : []), '-m', '500', `127.0.0.1:${port}`, '1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let tail = '';
  child.stdout.on('data', (bytes) => { tail = (tail + bytes).slice(-400); });
  await sleep(300);
  if (child.exitCode !== null) throw new Error('smtp-sink did not start');
  // "sess=10 quit=0 mesg=123" rewritten in place.
  const count = () => Number([...tail.matchAll(/mesg=(\d+)/g)].pop()?.[1] ?? 0);
  return { pid: child.pid, count, stop: () => new Promise((resolve) => { child.on('exit', resolve); child.kill(); }) };
}
