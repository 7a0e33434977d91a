// Reads the beginning of a CSV file in the browser, so that columns can be mapped before anything is uploaded.
export interface Beginning {
  columns: string[];
  rows: string[][];
  delimiter: string;
}

function parse(text: string, delimiter: string, most: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length && rows.length < most; at++) {
    const c = text[at];
    if (quoted) {
      if (c === '"' && text[at + 1] === '"') {
        cell += '"';
        at++;
      } else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === delimiter) {
      row.push(cell);
      cell = "";
    } else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[at + 1] === "\n") at++;
      row.push(cell);
      cell = "";
      if (row.some((one) => one !== "")) rows.push(row);
      row = [];
    } else cell += c;
  }
  if (rows.length < most && (cell !== "" || row.length)) rows.push([...row, cell]);
  return rows;
}

export async function beginning(file: File): Promise<Beginning> {
  const bytes = await file.slice(0, 65_536).arrayBuffer();
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    text = new TextDecoder("windows-1252").decode(bytes);
  }
  text = text.replace(/^\uFEFF/, "");
  const first = text.split(/\r?\n/, 1)[0] ?? "";
  const delimiter = [",", ";", "\t", "|"].map((one) => [one, first.split(one).length] as const).sort((a, b) => b[1] - a[1])[0]?.[0] ?? ",";
  const [columns = [], ...rows] = parse(text, delimiter, 6);
  return { columns: columns.map((one) => one.trim()), rows, delimiter };
}

const spellings: Record<string, string> = {
  email: "email", "e-mail": "email", "email address": "email", mail: "email", "e-mail-adresse": "email", phone: "phone", mobile: "phone", telephone: "phone", telefon: "phone",
  "first name": "first_name", firstname: "first_name", "given name": "first_name", vorname: "first_name", "last name": "last_name", lastname: "last_name", surname: "last_name", nachname: "last_name",
  tags: "tags", locale: "locale", language: "locale", "time zone": "time_zone", timezone: "time_zone", "external id": "external_id", id: "external_id",
};

export const fieldsOfContact = ["email", "first_name", "last_name", "phone", "time_zone", "locale", "external_id", "tags"];

// What a column most likely is; unknown ones become attributes of their name.
export function guess(column: string): string {
  const name = column.trim().toLowerCase();
  if (fieldsOfContact.includes(name)) return name;
  if (name.startsWith("attributes.")) return column.trim();
  const known = spellings[name.replaceAll("_", " ")];
  if (known) return known;
  const key = name.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  return key ? `attributes.${key}` : "";
}
