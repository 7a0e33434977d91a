// MJML becomes HTML here, in the browser: the server keeps both and sends the HTML. The compiler is large and loaded when a template needs it.
import type { Mark } from "./code_editor";

export interface Compiled {
  html: string;
  mistakes: Mark[];
}

type Compiler = (source: string, options: { validationLevel: "soft"; fonts: object }) => { html: string; errors: { line: number; message: string; tagName: string }[] };

let loaded: Promise<Compiler> | undefined;

function compiler(): Promise<Compiler> {
  loaded ??= import("mjml-browser").then((room) => room.default as unknown as Compiler, (error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

// Fonts of others are never fetched: a mail that asks for them tells where it is read.
export async function compileMjml(source: string): Promise<Compiled> {
  const compile = await compiler();
  try {
    const { html, errors } = compile(source, { validationLevel: "soft", fonts: {} });
    return { html, mistakes: errors.map((one) => ({ line: one.line, column: 1, message: `${one.tagName}: ${one.message}`, bad: false })) };
  } catch (error) {
    return { html: "", mistakes: [{ line: 1, column: 1, message: error instanceof Error ? error.message : String(error), bad: true }] };
  }
}

export const mjmlTags = ["mjml", "mj-head", "mj-body", "mj-attributes", "mj-all", "mj-class", "mj-style", "mj-title", "mj-preview", "mj-breakpoint", "mj-section", "mj-column", "mj-group", "mj-wrapper", "mj-hero", "mj-text", "mj-image", "mj-button", "mj-divider", "mj-spacer", "mj-table", "mj-raw", "mj-social", "mj-social-element", "mj-navbar", "mj-navbar-link", "mj-accordion", "mj-accordion-element", "mj-accordion-title", "mj-accordion-text", "mj-carousel", "mj-carousel-image"];

// What a new template in MJML starts with.
export const mjmlStart = `<mjml lang="en">
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Helvetica, Arial, sans-serif" />
      <mj-text font-size="16px" line-height="24px" color="#1d2129" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f4f5f7">
    <mj-section padding="24px 0 0"></mj-section>
    <mj-section background-color="#ffffff" border-radius="12px" padding="24px 8px">
      <mj-column>
        <mj-text font-size="24px" line-height="32px" font-weight="bold">Hello {{ contact.first_name | default: "there" }}</mj-text>
        <mj-text>Say one thing, and say it first.</mj-text>
        <mj-button href="https://example.com/" background-color="#3553d1" border-radius="8px" font-size="16px" align="left">Read more</mj-button>
      </mj-column>
    </mj-section>
    <mj-section>
      <mj-column>
        <mj-text font-size="12px" line-height="18px" color="#5b6470" align="center">You get this because you agreed to it. <a href="{{ preferences_url }}" style="color:#5b6470">Preferences</a> · <a href="{{ unsubscribe_url }}" style="color:#5b6470">Unsubscribe</a></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
`;
