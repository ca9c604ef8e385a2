/* Small habits of fields: Caps Lock, showing a password, filling the demo's accounts, copying, printing, half-checked boxes. */
(function () {
  'use strict';
  document.addEventListener('keyup', function (event) {
    const mark = document.querySelector('[data-caps]');
    if (mark && event.getModifierState) mark.hidden = !event.getModifierState('CapsLock');
  });
  ky.on('click', '[data-reveal]', function (event, button) {
    const field = document.getElementById(button.dataset.reveal);
    field.type = field.type === 'password' ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(field.type === 'text'));
    button.replaceChildren(ky.icon(field.type === 'text' ? 'eye-off' : 'eye'));
  });
  ky.on('click', '[data-fill]', function (event, button) {
    const values = JSON.parse(button.dataset.fill);
    const ids = Object.keys(values);
    ids.forEach(function (id) { document.getElementById(id).value = values[id]; });
    document.getElementById(ids[0]).form.requestSubmit();
  });
  ky.on('click', '[data-copy]', function (event, button) {
    event.preventDefault();
    navigator.clipboard.writeText(button.dataset.copy).then(function () {
      document.dispatchEvent(new CustomEvent('ky:toast', { detail: { kind: 'ok', title: ky.text('已复制 ', 'Copied ') + button.dataset.copy } }));
    });
  });
  ky.on('click', '[data-print]', function () { window.print(); });
  ky.each('[data-mixed]', function (box) { box.indeterminate = true; });

  /* Tabs that do not fit: the open one is in sight, the wheel moves the others there. */
  ky.each('.ky-tabs > [aria-current], .ky-settings > nav > [aria-current]', function (tab) {
    const row = tab.parentNode;
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  });
  document.addEventListener('wheel', function (event) {
    const row = event.target.closest && event.target.closest('.ky-tabs');
    if (row && row.scrollWidth > row.clientWidth && !event.deltaX) { row.scrollLeft += event.deltaY; event.preventDefault(); }
  }, { passive: false });

  // What books money is sent once, however often the key is pressed; a page that comes back may send again.
  document.addEventListener('submit', function (event) {
    const form = event.target.closest('form[data-once]');
    if (!form) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = '1';
  });
  window.addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-once]').forEach(function (form) { delete form.dataset.sent; });
  });
})();
