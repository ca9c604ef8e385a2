// What people see and point at: find(kind, text, within) gives the topmost thing of that name, or null.
const [kind, text, within] = arguments;
const KINDS = {
  button: 'a[href], button, summary, [role="option"], [role="menuitem"], [data-go], label, input[type="submit"]',
  field: 'input:not([type="hidden"]), select, textarea, [contenteditable="true"]',
  any: 'body *'
};
if (document.readyState !== 'complete') return null;
const dialogs = document.querySelectorAll('dialog[open]');
const root = (within && document.querySelector(within)) || (!within && dialogs[dialogs.length - 1]) || (within ? null : document);
if (!root) return null;
const clean = function (it) { return (it || '').replace(/\s+/g, ' ').trim(); };
const seen = function (it) {
  const box = it.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && getComputedStyle(it).visibility === 'visible';
};
function bare(it) {
  const copy = it.cloneNode(true);
  copy.querySelectorAll('kbd, .ky-n, svg, small').forEach(function (part) { part.remove(); });
  return clean(copy.textContent);
}
function names(it) {
  if (kind !== 'field') return [it.getAttribute('aria-label'), bare(it), it.textContent, it.value].map(clean);
  const labels = Array.from(it.labels || []).map(function (label) { return bare(label); });
  const by = (it.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean).map(function (id) { return bare(document.getElementById(id) || it); });
  return labels.concat(by, [it.getAttribute('aria-label'), it.name, it.placeholder].map(clean)).map(function (it) { return it.replace(/[*：:]$/, '').trim(); });
}
const all = Array.from(root.querySelectorAll(KINDS[kind])).filter(seen).filter(function (it) { return !it.disabled; });
const fits = [
  function (name) { return name === text; },
  function (name) { return name.startsWith(text); },
  function (name) { return name.includes(text); }
];
for (const fit of fits) {
  const found = all.find(function (it) { return names(it).some(function (name) { return name && fit(name); }); });
  if (found) {
    found.scrollIntoView({ block: 'center', inline: 'nearest' });
    return found;
  }
}
return null;
