// The code editor over a text area: colours, line numbers, problems at their line. It lives in a shadow root, whose style
// sheets are made by script, so that the page's policy needs no exception; the text area stays what the form sends.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { html } from "@codemirror/lang-html";
import { liquid } from "@codemirror/lang-liquid";
import {
  bracketMatching,
  HighlightStyle,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "var(--lux-purple-hi)" },
  { tag: [tags.attributeName, tags.propertyName], color: "var(--lux-cyan-hi)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--lux-ok)" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--lux-pink-hi)" },
  { tag: [tags.variableName, tags.special(tags.brace), tags.brace], color: "var(--lux-warn)" },
  { tag: [tags.number, tags.bool], color: "var(--lux-warn)" },
  { tag: [tags.comment, tags.documentMeta], color: "var(--lux-text-3)" },
]);

const look = EditorView.theme(
  {
    "&": {
      color: "var(--lux-text)",
      backgroundColor: "var(--lux-bg)",
      fontSize: "13px",
      height: "100%",
    },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { fontFamily: "var(--lux-mono)", lineHeight: "20px", overflow: "auto" },
    ".cm-content": { caretColor: "var(--lux-text)", padding: "8px 0" },
    ".cm-cursor": { borderLeftColor: "var(--lux-text)" },
    ".cm-gutters": {
      color: "var(--lux-text-3)",
      backgroundColor: "var(--lux-surface)",
      borderRight: "1px solid var(--lux-line)",
    },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--lux-raised)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
      { backgroundColor: "var(--lux-line-strong)" },
    ".cm-tooltip": {
      color: "var(--lux-text)",
      backgroundColor: "var(--lux-overlay)",
      border: "1px solid var(--lux-line-strong)",
    },
    ".cm-diagnostic-error": { borderLeftColor: "var(--lux-bad)" },
    ".cm-diagnostic-warning": { borderLeftColor: "var(--lux-warn)" },
    ".cm-matchingBracket": { backgroundColor: "var(--lux-line-strong)", outline: "none" },
  },
  { dark: true },
);

/** Puts the editor over a text area; answers what the page may do with it. */
export function enhance(field) {
  const label = field.labels[0];
  const host = document.createElement("div");
  host.className = "code-host";
  host.dataset.typing = "";
  const view = new EditorView({
    root: host.attachShadow({ mode: "open", delegatesFocus: true }),
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        bracketMatching(),
        indentUnit.of("  "),
        liquid({ base: html({ selfClosingTags: true, matchClosingTags: false }) }),
        syntaxHighlighting(colours),
        look,
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({
          "aria-label": label?.firstChild?.textContent.trim() ?? field.name,
          "aria-description": field.dataset.leave ?? "",
          spellcheck: "false",
          tabindex: "0",
        }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (!docChanged) return;
          field.value = state.doc.toString();
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  host.shadowRoot.append(view.dom);
  host.id = field.id;
  field.removeAttribute("id");
  label?.removeAttribute("for");
  label?.addEventListener("click", () => view.focus());
  host.style.height = `${field.rows * 20 + 24}px`;
  field.hidden = true;
  field.after(host);

  const lineAt = (number) =>
    view.state.doc.line(Math.min(Math.max(1, number), view.state.doc.lines));
  return {
    host,
    insert(text) {
      view.dispatch(view.state.replaceSelection(text), { scrollIntoView: true });
      view.focus();
    },
    goTo(number) {
      const { from, to } = lineAt(number);
      view.dispatch({
        selection: { anchor: from, head: to },
        effects: EditorView.scrollIntoView(from, { y: "center" }),
      });
      view.focus();
    },
    /** Marks problems: [{line, severity, message}]. */
    mark(problems) {
      const found = problems.map(({ line, severity, message }) => {
        const { from, to } = lineAt(line);
        return { from, to, severity, message };
      });
      view.dispatch(setDiagnostics(view.state, found));
    },
  };
}
