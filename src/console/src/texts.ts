// Every text a reader sees passes through here. The English text is its own key; a catalogue src/texts/LANGUAGE.json maps it to
// another language. `npm run texts` writes all keys to src/texts/en.json, the list a translator starts from.
type Values = Record<string, string | number>;
type Catalogue = Record<string, string>;

let catalogue: Catalogue = {};
export let language = "en";

const catalogues = import.meta.glob<Catalogue>(["./texts/*.json", "!./texts/en.json"], { import: "default" });

export async function loadLanguage(wanted: readonly string[]) {
  for (const tag of wanted) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short === "en") return;
    const load = catalogues[`./texts/${short}.json`];
    if (!load) continue;
    catalogue = await load();
    language = short;
    document.documentElement.lang = short;
    return;
  }
}

const fill = (text: string, values?: Values) => (values ? text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all)) : text);

export const t = (text: string, values?: Values) => fill(catalogue[text] ?? text, values);

const numbers = new Intl.NumberFormat();

// One and many; {n} is the number as the reader writes it.
export const tn = (one: string, many: string, n: number, values?: Values) =>
  t(n === 1 ? one : many, { n: numbers.format(n), ...values });
