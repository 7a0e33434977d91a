// HTML with Liquid, or JSON, with the variables this installation knows as completions and the server's findings in the margin.
import { autocompletion, type CompletionContext } from "@codemirror/autocomplete";
import { html } from "@codemirror/lang-html";
import { json } from "@codemirror/lang-json";
import { liquid } from "@codemirror/lang-liquid";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { type RefObject, useEffect, useRef } from "react";

import { mjmlTags } from "./mjml";

export interface Mark {
  line: number;
  column: number;
  message: string;
  bad?: boolean;
}

// Colours that hold on both grounds.
const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.keyword, tags.operatorKeyword], color: "light-dark(#7a3ea8, #c9a2f2)" },
  { tag: [tags.attributeName, tags.propertyName], color: "light-dark(#8a5a00, #e5b567)" },
  { tag: [tags.string, tags.attributeValue], color: "light-dark(#1a7043, #7fd1a4)" },
  { tag: [tags.variableName, tags.special(tags.variableName)], color: "light-dark(#2f4bc0, #a2b4ff)" },
  { tag: [tags.number, tags.bool, tags.null], color: "light-dark(#b3452b, #f0a37f)" },
  { tag: tags.comment, color: "light-dark(#67707d, #8d95a1)", fontStyle: "italic" },
  { tag: [tags.angleBracket, tags.brace, tags.punctuation], color: "light-dark(#59626f, #a3abb6)" },
]);

const filters = ["default", "capitalize", "upcase", "downcase", "escape", "strip", "truncate", "truncatewords", "replace", "remove", "append", "prepend", "date", "plus", "minus", "times", "divided_by", "round", "ceil", "floor", "size", "first", "last", "join", "split", "sort", "map", "where", "uniq", "reverse", "url_encode", "newline_to_br", "strip_html"];
const keywords = ["if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for", "endfor", "assign", "capture", "endcapture", "comment", "endcomment", "raw", "endraw"];

// Escape leaves the editor, so that Tab is no trap for the keyboard.
const leave = EditorView.domEventHandlers({
  keydown: (event, view) => {
    if (event.key === "Escape" && !view.dom.querySelector(".cm-tooltip-autocomplete")) view.contentDOM.blur();
    return false;
  },
});

export function CodeEditor({ value, change, language, label, names = [], marks = [], height = 460, readOnly, inserter }: { value: string; change?: (value: string) => void; language: "html" | "mjml" | "json" | "text"; label: string; names?: string[]; marks?: Mark[]; height?: number; readOnly?: boolean; inserter?: RefObject<((text: string) => void) | null> }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const tell = useRef(change);
  const known = useRef(names);
  tell.current = change;
  known.current = names;
  useEffect(() => {
    if (!host.current) return;
    const complete = (context: CompletionContext) => {
      const tag = language === "mjml" ? context.matchBefore(/<\/?[\w-]*$/) : null;
      if (tag) return { from: tag.from + (tag.text.startsWith("</") ? 2 : 1), validFor: /^[\w-]*$/, options: mjmlTags.map((name) => ({ label: name, type: "type" })) };
      // Inside "{{ … }}" or "{% … %}": after a bar a filter, else a variable.
      const inside = context.matchBefore(/\{[{%][^{}%]*$/);
      if (!inside) return null;
      const word = /[\w.]*$/.exec(inside.text)?.[0] ?? "";
      const before = inside.text.slice(0, inside.text.length - word.length);
      const from = context.pos - word.length;
      if (/\|\s*$/.test(before)) return { from, validFor: /^\w*$/, options: filters.map((name) => ({ label: name, type: "function" })) };
      if (/\{%-?\s*$/.test(before)) return { from, validFor: /^\w*$/, options: keywords.map((name) => ({ label: name, type: "keyword" })) };
      if (/["'][^"']*$/.test(before.replaceAll(/"[^"]*"|'[^']*'/g, ""))) return null;
      return { from, validFor: /^[\w.]*$/, options: known.current.map((name) => ({ label: name, type: "variable" })) };
    };
    const languages: Record<string, Extension[]> = { html: [liquid({ base: html() })], mjml: [liquid({ base: html() })], json: [json()], text: [liquid()] };
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          basicSetup, ...(languages[language] ?? []), autocompletion({ override: language === "json" ? undefined : [complete] }), lintGutter(), syntaxHighlighting(colours), EditorView.lineWrapping, leave,
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.theme({ "&": { height: `${height}px` }, ".cm-scroller": { overflow: "auto" } }),
          EditorState.readOnly.of(Boolean(readOnly)),
          EditorView.updateListener.of((update) => update.docChanged && tell.current?.(update.state.doc.toString())),
        ],
      }),
    });
    view.current = editor;
    if (inserter) inserter.current = (text) => {
      editor.dispatch(editor.state.replaceSelection(text));
      editor.focus();
    };
    return () => editor.destroy();
  }, [language]);
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const found: Diagnostic[] = marks.filter((mark) => mark.line >= 1 && mark.line <= editor.state.doc.lines).map((mark) => {
      const line = editor.state.doc.line(mark.line);
      const from = Math.min(line.to, line.from + Math.max(0, mark.column - 1));
      return { from, to: Math.min(line.to, from + 1), severity: mark.bad ? "error" : "warning", message: mark.message };
    });
    editor.dispatch(setDiagnostics(editor.state, found));
  }, [marks]);
  return <div className="editor" ref={host} />;
}
