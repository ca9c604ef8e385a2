/* Rows of a list: the current row by keyboard, selection with ranges, the batch bar. The selection is kept for this tab,
   so it survives paging and sorting; another filter ends it, with a way back. */
(function () {
  'use strict';
  const KEY = 'ky-picked';
  let picked = { list: '', filter: '', all: false, rows: {} };
  let anchor = null;
  /* Where the current row stood when a verb took it away. */
  let left = -1;

  const table = function () { return document.querySelector('table[data-list]'); };
  const rows = function () { return Array.from(document.querySelectorAll('table[data-list] tbody tr[data-id]')); };
  const boxOf = function (row) { return row.querySelector('[data-row]'); };
  const count = function () { return picked.all ? Number(table().dataset.total || 0) : Object.keys(picked.rows).length; };
  const money = function (cents) { return (cents < 0 ? '−' : '') + (Math.abs(cents) / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 }); };

  function save() { sessionStorage.setItem(KEY, JSON.stringify(picked)); }

  function pick(row, on) {
    if (on) picked.rows[row.dataset.id] = row.dataset.amounts || ''; else { delete picked.rows[row.dataset.id]; picked.all = false; }
  }

  function draw(say) {
    const bar = document.querySelector('[data-batch-bar]');
    const foot = document.querySelector('[data-foot]');
    let here = 0;
    rows().forEach(function (row) {
      const on = picked.all || row.dataset.id in picked.rows;
      if (boxOf(row)) boxOf(row).checked = on;
      if (on) { row.setAttribute('aria-selected', 'true'); here++; } else row.removeAttribute('aria-selected');
    });
    const head = document.querySelector('[data-all]');
    if (head) { head.checked = here > 0 && here === rows().length; head.indeterminate = here > 0 && !head.checked; }
    const n = table() ? count() : 0;
    if (bar) bar.hidden = n === 0;
    if (foot) foot.hidden = n > 0;
    if (!bar || n === 0) { if (say) ky.say(ky.text('没有选中', 'Nothing selected')); return; }
    bar.querySelectorAll('[data-picked]').forEach(function (e) { e.textContent = n.toLocaleString('en-US'); });
    bar.querySelectorAll('[data-of]').forEach(function (e) { e.textContent = Number(table().dataset.total || 0).toLocaleString('en-US'); });
    bar.querySelectorAll('[data-sum]').forEach(function (e) {
      const i = Number(e.dataset.sum);
      const total = Object.values(picked.rows).reduce(function (s, a) { return s + Number(a.split(',')[i] || 0); }, 0);
      e.textContent = picked.all ? '…' : money(total);
    });
    bar.querySelectorAll('[data-pick-all]').forEach(function (e) { e.hidden = picked.all || n >= Number(table().dataset.total || 0); });
    if (say) ky.say(ky.text('已选 ', 'Selected ') + n + ' ' + Array.from(bar.querySelectorAll('.ky-batch-note')).slice(0, 1).map(function (e) { return e.textContent; }).join(' '));
  }

  function load() {
    const t = table();
    if (!t) return;
    const old = JSON.parse(sessionStorage.getItem(KEY) || 'null');
    const list = t.dataset.list;
    const filter = t.dataset.filter || '';
    if (old && old.list === list && old.filter === filter) picked = old;
    else {
      picked = { list: list, filter: filter, all: false, rows: {} };
      if (old && old.list === list && (old.all || Object.keys(old.rows).length)) {
        document.dispatchEvent(new CustomEvent('ky:toast', { detail: { kind: 'info', title: ky.text('条件变了，选择已取消', 'Filter changed, selection ended'), action: ky.text('恢复选择', 'Restore'), run: function () { picked = Object.assign(old, { filter: filter, all: false }); save(); draw(true); } } }));
      }
      save();
    }
    draw();
    if (left >= 0) { stand(rows()[Math.min(left, rows().length - 1)]); left = -1; }
  }
  ky.each('table[data-list]', load);

  ky.on('click', '[data-row]', function (event, box) {
    const row = box.closest('tr');
    const all = rows();
    if (event.shiftKey && anchor && all.indexOf(anchor) >= 0) {
      const a = all.indexOf(anchor);
      const b = all.indexOf(row);
      all.slice(Math.min(a, b), Math.max(a, b) + 1).forEach(function (r) { pick(r, box.checked); });
    } else pick(row, box.checked);
    anchor = row;
    save();
    draw(true);
  });
  function page(on) { rows().forEach(function (row) { pick(row, on); }); save(); draw(true); }
  function clear() { picked.rows = {}; picked.all = false; save(); draw(true); }
  ky.on('click', '[data-all]', function (event, box) { page(box.checked); });
  ky.on('click', '[data-pick-all]', function () { picked.all = true; save(); draw(true); });
  ky.on('click', '[data-unpick]', clear);
  document.addEventListener('ky:unpick', clear);

  function query() { return picked.all ? 'all=1' + (picked.filter ? '&' + picked.filter : '') : 'ids=' + Object.keys(picked.rows).join(','); }
  function address(url) { return url + (url.indexOf('?') < 0 ? '?' : '&') + query(); }
  ky.on('click', '[data-batch]', function (event, button) { htmx.ajax('GET', address(button.dataset.batch), { source: button, target: '#dialog', swap: 'innerHTML' }); });
  ky.on('click', '[data-batch-go]', function (event, button) { location.assign(address(button.dataset.batchGo)); });

  /* The current row */
  function current() { return document.querySelector('table[data-list] tr.is-current'); }
  function stand(row, extend) {
    if (!row) return;
    const before = current();
    if (before) before.classList.remove('is-current');
    row.classList.add('is-current');
    row.scrollIntoView({ block: 'nearest' });
    if (extend) { if (before) pick(before, true); pick(row, true); save(); draw(true); }
    const lead = row.querySelector('.ky-lead');
    if (lead) lead.focus({ preventScroll: true });
  }
  document.addEventListener('ky:row', function () { stand(current() || rows()[0]); });
  document.addEventListener('keydown', function (event) {
    if (event.defaultPrevented || ky.typing(event) || !table() || document.querySelector('dialog[open], details[data-menu][open]')) return;
    if (event.altKey) return;
    const all = rows();
    const row = current();
    const at = all.indexOf(row);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey) && key === 'a') { event.preventDefault(); page(true); return; }
    if (event.ctrlKey || event.metaKey) return;
    if (key === 'ArrowDown' || key === 'j') { event.preventDefault(); stand(all[at + 1] || all[at] || all[0], event.shiftKey); }
    else if (key === 'ArrowUp' || key === 'k') { event.preventDefault(); stand(all[Math.max(0, at - 1)], event.shiftKey); }
    else if (row && (key === 'x' || (key === ' ' && event.target.type !== 'checkbox'))) { event.preventDefault(); pick(row, !(row.dataset.id in picked.rows)); anchor = row; save(); draw(true); }
    else if (row && key === 'a' && table().dataset.verb) {
      event.preventDefault();
      left = at;
      const url = '/' + table().dataset.list + '/' + row.dataset.id + '/' + table().dataset.verb;
      htmx.ajax('asks' in table().dataset ? 'GET' : 'POST', url, { source: row, target: '#dialog', swap: 'innerHTML' });
    }
    else if (row && key === 'Enter' && event.target.tagName !== 'A' && event.target.tagName !== 'BUTTON' && event.target.tagName !== 'SUMMARY') { const lead = row.querySelector('.ky-lead'); if (lead) lead.click(); }
  });
})();
