import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pagesOf } from './pages.mjs';
import { fill } from './sample.mjs';
import { Browser, Demo, settled, signIn } from './stage.mjs';

const folder = process.argv[2];
const only = new RegExp(process.argv[3] ?? '');
const demo = await Demo.start();
const browser = await Browser.start();
let count = 0;
try {
  const looks = [['light', 1440, 900], ['dark', 1440, 900], ['light', 390, 844], ['dark', 390, 844]];
  for (const [index, [theme, width, height]] of looks.entries()) {
    const place = join(folder, width < 500 ? `phone-${theme}` : theme);
    mkdirSync(place, { recursive: true });
    const page = await browser.reader({ theme, width, height });
    await page.goto(`${demo.url}/sign-in`);
    await page.getByLabel('E-mail').waitFor();
    await page.screenshot({ path: join(place, 'sign-in.png') });
    await signIn(page, demo.url, demo.email, demo.password);
    if (index === 0) await fill(page);
    for (const [name, path] of Object.entries(await pagesOf(page))) {
      if (!only.test(name)) continue;
      await page.goto(demo.url + path);
      await settled(page);
      // As tall as the page: a frame that is out of sight is not drawn, and what is fixed stays at its end.
      const tall = await page.evaluate(() => document.documentElement.scrollHeight);
      const whole = !(await page.getByRole('dialog').isVisible()) && tall < 2600; // a dialog lies over what is in sight, and a list would read on
      if (whole) await page.setViewportSize({ width, height: Math.max(height, tall) });
      await settled(page);
      await page.screenshot({ path: join(place, `${name}.png`), fullPage: whole });
      await page.setViewportSize({ width, height });
      count += 1;
    }
    await page.goto(demo.url);
    await settled(page);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.screenshot({ path: join(place, 'palette.png') });
    await page.context().close();
  }
} finally {
  await browser.stop();
  await demo.stop();
}
console.log(`${count} pictures in ${folder}`);
