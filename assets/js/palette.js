/* The command palette: Ctrl K from anywhere. The server finds and ranks; this shows, moves and opens. */
(function () {
  'use strict';
  let kind = '';
  const palette = function () { return document.getElementById('palette'); };
  const field = function () { return palette().querySelector('[role="combobox"]'); };
  const list = function () { return palette().querySelector('[role="listbox"]'); };
  const chosen = function () { return list().querySelector('[aria-selected="true"]'); };

  function choose(option) {
    const before = chosen();
    if (before) before.setAttribute('aria-selected', 'false');
    ky.options.activate(list(), option, field());
    if (!option) return;
    option.setAttribute('aria-selected', 'true');
    preview(option);
  }

  /* The record's actions come with its preview and stand below the finds; moving into them keeps both. */
  const preview = ky.later(function (option) {
    const pane = palette().querySelector('.ky-palette-preview');
    if (option.hasAttribute('data-action')) return;
    list().querySelectorAll('[data-action]').forEach(function (item) { item.remove(); });
    pane.replaceChildren();
    if (!option.dataset.preview) return;
    ky.fetch('preview', option.dataset.preview).then(function (answer) {
      if (!answer.ok || option !== chosen()) return;
      pane.innerHTML = answer.text;
      const actions = pane.querySelector('[data-actions]');
      if (!actions || actions.children.length < 2) return;
      Array.from(actions.children).forEach(function (item) { item.setAttribute('data-action', ''); list().append(item); });
    }, function () {});
  }, 80);

  const search = ky.later(function () {
    const url = new URL(palette().dataset.src, location.href);
    url.searchParams.set('q', field().value.trim());
    if (kind) url.searchParams.set('kind', kind);
    ky.fetch('palette', url.pathname + url.search).then(function (answer) {
      list().innerHTML = answer.ok ? answer.text : '';
      const all = ky.options.all(list());
      if (!all.length) list().replaceChildren(ky.make('li', 'ky-mute', ky.text('没有匹配：', 'No match: ') + field().value));
      choose(all[0]);
      ky.say(all.length + ky.text(' 项', ' results'));
    }, function () {});
  }, 80);

  function open() {
    if (!palette() || palette().open) return;
    palette().showModal();
    field().value = '';
    field().focus();
    search();
  }

  function go(option, tab) {
    if (!option) return;
    const data = option.dataset;
    if (data.click || data.ask) {
      palette().close();
      if (data.click) document.querySelector(data.click).click();
      else htmx.ajax('GET', data.ask, { source: '#dialog', target: '#dialog', swap: 'innerHTML' });
      return;
    }
    if (!data.href) return;
    if (tab) { window.open(option.dataset.href, '_blank', 'noopener'); return; }
    palette().close();
    location.assign(option.dataset.href);
  }

  document.addEventListener('keydown', function (event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') { event.preventDefault(); open(); }
  });
  ky.on('click', '[data-palette]', open);
  ky.on('submit', '#palette form', function (event) { event.preventDefault(); });
  ky.on('input', '#palette [role="combobox"]', function (event) { if (!event.isComposing) search(); });
  ky.on('compositionend', '#palette [role="combobox"]', search);
  ky.on('keydown', '#palette [role="combobox"]', function (event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (/^(ArrowDown|ArrowUp|PageDown|PageUp)$/.test(event.key)) {
      event.preventDefault();
      ky.options.move(list(), event.key, field());
      choose(ky.options.active(list()));
    } else if (event.key === 'Tab' && !event.shiftKey && list().querySelector('[role="option"][data-action]')) {
      event.preventDefault();
      choose(list().querySelector('[role="option"][data-action]'));
    } else if (event.key === 'Enter') { event.preventDefault(); go(chosen(), event.ctrlKey || event.metaKey); }
  });
  ky.on('click', '#palette [role="option"]', function (event, option) { go(option, event.ctrlKey || event.metaKey); });
  ky.on('click', '#palette [data-kind]', function (event, button) {
    kind = button.dataset.kind;
    palette().querySelectorAll('[data-kind]').forEach(function (b) { b.setAttribute('aria-pressed', String(b === button)); });
    field().focus();
    search();
  });
  ky.on('mousedown', '#palette', function (event, dialog) { if (event.target === dialog && event.clientY > dialog.getBoundingClientRect().bottom) dialog.close(); });
})();
