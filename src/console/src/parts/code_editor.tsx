// CodeMirror with HTML and Liquid, or plain text: loaded only where code is written.
import { html } from "@codemirror/lang-html";
import { liquid } from "@codemirror/lang-liquid";
import { EditorView, basicSetup } from "codemirror";
import { useEffect, useRef } from "react";

export function CodeEditor({ value, change, label, rows = 24, plain }: { value: string; change: (text: string) => void; label: string; rows?: number; plain?: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(change);
  latest.current = change;
  useEffect(() => {
    const editor = new EditorView({
      doc: value,
      parent: host.current!,
      extensions: [
        basicSetup,
        liquid(plain ? {} : { base: html() }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorView.theme({ "&": { height: `${rows * 1.45}em` }, ".cm-scroller": { overflow: "auto" } }),
        EditorView.updateListener.of((update) => update.docChanged && latest.current(update.state.doc.toString())),
      ],
    });
    view.current = editor;
    return () => editor.destroy();
    // The editor owns its text; it is made once.
    // eslint-disable-next-line
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  return <div ref={host} />;
}
