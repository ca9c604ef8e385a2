/* Keys. An element with data-key="N", "Ctrl+S", "G H" is clicked, or focused when it is a field. Single letters work
   only while no field has focus and no input method is composing. */
(function () {
  'use strict';
  let chord = '';
  let chordTimer;

  function name(event) {
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key === 'Escape' ? 'Esc' : event.key;
    const plain = event.key.length === 1 && !/[a-z0-9]/i.test(event.key);
    return (event.ctrlKey || event.metaKey ? 'Ctrl+' : '') + (event.altKey ? 'Alt+' : '') + (event.shiftKey && !plain ? 'Shift+' : '') + key;
  }

  function find(key) {
    const open = Array.from(document.querySelectorAll('dialog[open]')).pop();
    const all = Array.from((open || document).querySelectorAll('[data-key]')).filter(function (element) {
      return element.dataset.key.toUpperCase() === key.toUpperCase() && !element.disabled && element.getClientRects().length;
    });
    const inside = document.activeElement && document.activeElement.closest('form');
    return all.find(function (element) { return inside && inside.contains(element); }) || all[0];
  }

  document.addEventListener('keydown', function (event) {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    let key = name(event);
    const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (bare && ky.typing(event)) return;
    if (bare && chord) key = chord + ' ' + key;
    clearTimeout(chordTimer);
    chord = '';
    const element = find(key);
    if (element) {
      event.preventDefault();
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) && element.type !== 'submit') { element.focus(); element.select && element.select(); } else element.click();
      return;
    }
    if (bare && key === 'G') {
      chord = 'G';
      chordTimer = setTimeout(function () { chord = ''; }, 1200);
    }
    if (key === '?') {
      const keys = document.getElementById('keys');
      if (keys && !document.querySelector('dialog[open]')) { event.preventDefault(); keys.showModal(); }
    }
    if (key === '/') {
      const field = document.querySelector('[data-find]');
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    }
    if (key === 'F') {
      const chip = document.querySelector('.ky-filters .ky-chip summary, .ky-filters .ky-chip button');
      if (chip) { event.preventDefault(); chip.focus(); }
    }
  });
})();
