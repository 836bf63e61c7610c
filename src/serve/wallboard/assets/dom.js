// Elements. Whatever comes from data is set as text or as an attribute's value: nothing is ever parsed as markup.

/**
 * Makes an element. `attributes` may have `class`, `on` (listeners by event), and any attribute;
 * `false`, `null` and `undefined` leave one out, `true` sets it empty. Children are nodes or texts.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "style") {
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    } else {
      setAttribute(element, name, value);
    }
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Writes an attribute only if it changes. */
export function setAttribute(element, name, value) {
  if (value === false || value === null || value === undefined) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Writes a text only if it changes, so that nothing is laid out anew for nothing. */
export function setText(element, text) {
  const next = String(text ?? "");
  if (element.firstChild?.nodeType === Node.TEXT_NODE && element.childNodes.length === 1) {
    if (element.firstChild.data !== next) element.firstChild.data = next;
  } else if (element.textContent !== next || element.childNodes.length !== 0) {
    element.textContent = next;
  }
}

/** Replaces all children. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Brings `wanted` elements into this order under `parent`; moves only those that stand elsewhere. */
export function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
}

/** Opens a dialog that is removed when it closes; resolves with what `submit` gave, or `null`. */
export function ask(title, body, buttons) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" });
    let answer = null;
    const form = h("form", { on: { submit: (event) => {
      event.preventDefault();
      answer = new FormData(form, event.submitter);
      dialog.close();
    } } });
    append(form, [heading, body, h("div", { class: "buttons" },
      h("button", { type: "button", class: "quiet", on: { click: () => dialog.close() } }, buttons.cancel),
      h("button", { type: "submit", class: "primary" }, buttons.submit))]);
    dialog.append(form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
