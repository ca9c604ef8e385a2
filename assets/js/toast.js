/* Toasts. The server sends them in HX-Trigger as ky:toast, or in the page as data-toast after a redirect. */
(function () {
  'use strict';
  const ICONS = { ok: 'circle-check', info: 'info-circle', warn: 'alert-triangle', bad: 'circle-x' };
  const STAY = { ok: 5, info: 5, warn: 8, bad: 0 };

  function show(toast) {
    const place = document.getElementById('toasts');
    if (!place) return;
    const kind = toast.kind in ICONS ? toast.kind : 'ok';
    const box = ky.make('div', 'ky-toast is-' + kind);
    const text = ky.make('div');
    if (kind === 'bad') box.setAttribute('role', 'alert');
    text.append(ky.make('b', '', toast.title));
    if (toast.text) text.append(ky.make('p', '', toast.text));
    box.append(ky.icon(ICONS[kind]), text);

    if (toast.undo || toast.run || toast.href) {
      const action = ky.make(toast.href ? 'a' : 'button', 'ky-btn is-small is-text', toast.undo ? ky.text('撤销', 'Undo') : toast.action);
      if (toast.href) action.href = toast.href; else action.type = 'button';
      action.addEventListener('click', function () {
        box.remove();
        if (toast.run) toast.run();
        if (toast.undo) htmx.ajax('POST', toast.undo, { source: '#toasts', target: '#toasts', swap: 'none', values: toast.with || {} });
      });
      if (toast.undo) {
        /* The key takes back what was done last. */
        place.querySelectorAll('[data-key="U"]').forEach(function (e) { delete e.dataset.key; e.querySelector('kbd').remove(); });
        action.dataset.key = 'U';
        action.append(' ', ky.make('kbd', '', 'U'));
      }
      box.append(action);
    }
    const close = ky.make('button', 'ky-iconbtn');
    close.type = 'button';
    close.setAttribute('aria-label', ky.text('关闭', 'Close'));
    close.append(ky.icon('x', 14));
    close.addEventListener('click', function () { box.remove(); });
    box.append(close);
    place.append(box);

    const seconds = toast.undo ? 10 : STAY[kind];
    if (!seconds) return;
    let timer;
    function wait() { timer = setTimeout(function () { box.remove(); }, seconds * 1000); }
    ['mouseenter', 'focusin'].forEach(function (type) { box.addEventListener(type, function () { clearTimeout(timer); }); });
    ['mouseleave', 'focusout'].forEach(function (type) { box.addEventListener(type, wait); });
    wait();
  }

  document.addEventListener('ky:toast', function (event) { show(event.detail); });
  ky.each('[data-toast]', function (element) { show(JSON.parse(element.dataset.toast)); element.remove(); });

  /* A request that got no answer says so; one that was refused brings its own words. */
  document.addEventListener('htmx:error', function (event) {
    if (!event.detail.ctx) return;
    show({ kind: 'bad', title: ky.text('服务器没有回应', 'No answer from the server'), text: ky.text('页面上的内容没有变。网络恢复后再试一次。', 'Nothing on this page has changed. Try again when the network is back.') });
  });
})();
