/* The page on which a document is written: it asks the server what it comes to, keeps an empty line at the end, takes
   lines from elsewhere. The keys of the grid itself are those of rows.js. */
(function () {
  'use strict';
  let at = null;

  const body = function (form) { return form.querySelector('table[data-rows] tbody'); };
  const fields = function (row) { return Array.from(row.querySelectorAll('[name]')); };
  const blank = function (row) { return fields(row).every(function (f) { return !f.value || f.tagName === 'SELECT'; }); };
  const filled = function (form) { return Array.from(body(form).rows).filter(function (row) { return !blank(row); }); };

  /* A control, be it a box of options: what it sends and what it shows. */
  function parts(cell) {
    const value = cell.querySelector('[name]');
    return { value: value, seen: cell.querySelector('[role="combobox"]') || value };
  }
  function set(cell, given) {
    const p = cell && parts(cell);
    if (!p || !p.value) return;
    p.value.value = given[0];
    p.seen.value = p.seen === p.value ? given[0] : given[1];
    if (p.seen !== p.value) p.seen.dataset.was = given[1];
  }
  function fill(cell, given) {
    const p = cell && parts(cell);
    if (!p || !p.value) return;
    // Nobody's letters are written over, but where the price of the rule was asked for; what was filled in is anew, and
    // what the server took otherwise than it was sent.
    const other = p.value.dataset.sent === p.value.value && parseFloat(p.value.value) !== parseFloat(given[0]);
    const again = 'auto' in cell.dataset && ('filled' in p.value.dataset || (p.value.value && other));
    if (!again && (p.value.value || (p.seen === document.activeElement && !('asked' in p.value.dataset)))) return;
    delete p.value.dataset.asked;
    p.value.dataset.filled = '';
    if (again && p.value.value === given[0]) return;
    set(cell, given);
    if (p.seen === document.activeElement) p.seen.select();
  }
  /* What was filled in and is of the line's goods is left to the server, so that it follows quantity and customer. */
  const own = function (f) { return 'filled' in f.dataset && f.closest('[data-auto]') ? '' : f.value; };
  function unfill(root, more) {
    root.querySelectorAll('[data-cell], [data-field]').forEach(function (cell) {
      const p = parts(cell);
      if (p.value && ('filled' in p.value.dataset || (more && 'auto' in cell.dataset))) { set(cell, ['', '']); delete p.value.dataset.filled; }
    });
  }

  function content(form, rows) {
    const code = form.dataset.code;
    const sent = new URLSearchParams();
    new FormData(form).forEach(function (value, name) { if (name[0] !== '_' && name.indexOf(code + '.') !== 0) sent.append(name, value); });
    rows.forEach(function (row, i) { fields(row).forEach(function (f) { sent.append(code + '.' + i + '.' + f.name.split('.').slice(2).join('.'), own(f)); f.dataset.sent = f.value; }); });
    sent.append('_id', form.dataset.id);
    if (rows.indexOf(at) >= 0) sent.append('_at', rows.indexOf(at));
    return sent;
  }

  function ask(form) {
    const rows = filled(form);
    ky.fetch(form, form.dataset.reckon, { method: 'POST', body: content(form, rows) }).then(function (answer) {
      if (answer.ok && form.isConnected) show(form, rows, JSON.parse(answer.text));
    }, function () {});
  }
  const reckon = ky.later(ask, 150);

  /* What a cell says that nobody types into, and where the entries behind it are. */
  function tell(cell, text, to) {
    if (!to) { cell.textContent = text; return; }
    let link = cell.querySelector('a');
    if (!link) {
      link = document.createElement('a');
      link.target = '_blank';
      link.rel = 'noopener';
      link.title = ky.text('在新标签页看流水', 'Its movements, in a new tab');
      cell.replaceChildren(link);
    }
    link.href = to;
    link.textContent = text;
  }

  function show(form, rows, answer) {
    const code = form.dataset.code;
    form.querySelectorAll('[data-cell].is-bad:not([data-fault]), [data-cell].is-warn').forEach(function (cell) { cell.classList.remove('is-bad', 'is-warn'); cell.removeAttribute('title'); });
    form.querySelectorAll('[data-live-fault]').forEach(function (f) { f.removeAttribute('aria-invalid'); delete f.dataset.liveFault; });
    rows.forEach(function (row, i) {
      const line = answer.lines[i];
      if (!line || !row.isConnected) return;
      Object.keys(line.shown).forEach(function (name) { tell(row.querySelector('[data-shown="' + name + '"]'), line.shown[name], line.behind[name]); });
      Object.keys(line.filled).forEach(function (name) { fill(row.querySelector('[data-cell="' + name + '"]'), line.filled[name]); });
      const about = row.querySelector('[data-about]');
      if (about) about.textContent = line.about;
    });
    Object.keys(answer.head).forEach(function (name) { fill(form.querySelector('[data-field="' + name + '"]'), answer.head[name]); });
    Object.keys(answer.faults).forEach(function (name) {
      const way = name.split('.');
      const row = way[0] === code && rows[way[1]];
      const cell = row ? row.querySelector('[data-cell="' + way[2] + '"]') : form.querySelector('[data-field="' + name + '"]');
      const seen = cell && parts(cell).seen;
      if (!seen) return;
      cell.classList.toggle('is-bad', !!row);
      cell.title = answer.faults[name];
      seen.setAttribute('aria-invalid', 'true');
      seen.dataset.liveFault = '';
    });
    form.querySelectorAll('[data-hint]').forEach(function (cell) { cell.removeAttribute('title'); delete cell.dataset.hint; });
    answer.hints.forEach(function (it) {
      const cell = rows[it[0]] && rows[it[0]].querySelector('[data-cell="' + it[1] + '"]');
      if (cell && !cell.title) { cell.title = it[2]; cell.dataset.hint = ''; }
    });
    answer.warnings.forEach(function (it) {
      const cell = rows[it[0]] && rows[it[0]].querySelector('[data-cell="' + it[1] + '"]');
      if (cell) { cell.classList.add('is-warn'); cell.title = it[2]; }
    });
    // What was pasted and not recognised waits for somebody to choose.
    form.querySelectorAll('td.is-goods').forEach(function (cell) {
      const p = parts(cell);
      if (p.seen.value.trim() && !p.value.value && p.seen !== document.activeElement) cell.classList.add('is-bad');
    });
    const warning = answer.warnings[0];
    if (answer.says || warning || !form.querySelector('[data-fault]')) say(form, answer.says || (warning && ky.text('第 ' + (warning[0] + 1) + ' 行：', 'Line ' + (warning[0] + 1) + ': ') + warning[2]) || '', answer.says ? 'is-bad' : 'is-warn');
    ['panel', 'more', 'notice', 'foot'].forEach(function (name) {
      const region = form.querySelector('[data-live="' + name + '"]');
      if (!region || region.dataset.html === answer[name]) return;
      region.dataset.html = answer[name];
      region.innerHTML = answer[name];
      if (window.htmx) htmx.process(region);
    });
    form.querySelector('[data-count]').textContent = rows.length;
  }

  function say(form, text, look) {
    const place = form.querySelector('[data-says]');
    place.className = 'ky-doc-says ' + look;
    if (place.textContent !== text) place.textContent = text;
  }

  /* There is always an empty line to type into; it takes a ghost's place. */
  function extend(form) {
    const rows = body(form).rows;
    if (!rows.length || !blank(rows[rows.length - 1])) {
      ky.rows.add(form.querySelector('[data-row-set]'));
      const ghost = form.querySelector('.is-ghost');
      if (ghost) ghost.remove();
    }
    form.querySelectorAll('.is-ghost').forEach(function (ghost, i) { ghost.cells[0].textContent = rows.length + i + 1; });
  }
  function changed(form) {
    form.querySelector('[data-unsaved]').hidden = false;
    extend(form);
    reckon(form);
  }

  ky.each('form[data-document]', function (form) {
    at = null;
    const first = form.querySelector('.ky-doc-fields input[required]');
    if (first && !first.value && document.activeElement === document.body) first.focus();
    if (filled(form).length || (first && first.value)) ask(form);
    form.addEventListener('input', function (event) { written(event.target); right(event.target.closest('[data-fault]')); changed(form); });
    form.addEventListener('change', function (event) {
      const goods = event.target.closest('td.is-goods');
      const head = event.target.closest('[data-field]');
      written(event.target);
      right(event.target.closest('[data-fault]'));
      if (goods) took(goods);
      if (head && event.target.type === 'hidden' && event.target.value && 'brings' in form.dataset && !parts(head).seen.required && !filled(form).length) take(form, content(form, []), '_bring');
      if (head && event.target.type === 'hidden' && parts(head).seen.required) unfill(form.querySelector('.ky-doc-fields'));
      changed(form);
    });
    form.addEventListener('focusin', function (event) {
      const row = event.target.closest('table[data-rows] tr');
      const before = at;
      if (row) at = row;
      if (row && before !== row && !blank(row)) reckon(form);
      if (event.target.tagName === 'INPUT') event.target.dataset.before = event.target.value;
    });
    form.addEventListener('submit', function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      // What was typed and not taken is not thrown away.
      const lost = Array.from(form.querySelectorAll('td.is-goods')).map(parts).find(function (p) { return p.seen.value.trim() && !p.value.value; });
      if (lost) { event.preventDefault(); lost.seen.focus(); say(form, ky.text('没有找到商品：', 'Not found: ') + lost.seen.value, 'is-bad'); return; }
      form.dataset.sent = '1';
      fields(body(form)).forEach(function (f) { f.value = own(f); });
      Array.from(body(form).rows).filter(blank).forEach(function (row) { fields(row).forEach(function (f) { f.disabled = true; }); });
    });
    form.addEventListener('click', function (event) {
      if (event.target.closest('.is-ghost')) ky.rows.cells(body(form).lastElementChild)[0].focus();
    });
    form.addEventListener('keydown', function (event) { keys(form, event); });
    form.addEventListener('paste', function (event) {
      const text = event.clipboardData.getData('text');
      if (!event.target.closest('td.is-goods') || !/[\t\n]/.test(text.trim())) return;
      event.preventDefault();
      take(form, { text: text });
    });
  });

  /* What somebody wrote is theirs from now on. */
  function written(field) {
    const cell = field.closest('[data-cell], [data-field]');
    if (cell && parts(cell).value) delete parts(cell).value.dataset.filled;
  }
  /* What saving found wrong is marked until it is written anew. */
  function right(cell) {
    if (!cell) return;
    cell.removeAttribute('data-fault');
    cell.removeAttribute('title');
    cell.classList.remove('is-bad');
    cell.querySelectorAll('[aria-invalid]').forEach(function (f) { f.removeAttribute('aria-invalid'); });
  }

  /* Other goods have a price of their own; how many, is asked next. */
  function took(cell) {
    const row = cell.parentElement;
    unfill(row, true);
    if (!parts(cell).value.value) return;
    row.querySelectorAll('[data-default]').forEach(function (it) { if (!parts(it).value.value) set(it, [it.dataset.default, it.dataset.default]); });
    const all = ky.rows.cells(row);
    const next = all[all.indexOf(parts(cell).seen) + 1];
    if (cell.contains(document.activeElement) && next) setTimeout(function () { next.focus(); if (next.select) next.select(); }, 0);
  }

  function keys(form, event) {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    const cell = event.target.closest('table[data-rows] td');
    const ctrl = event.ctrlKey || event.metaKey;
    const pop = form.querySelector('[data-prices]');
    if (event.altKey && event.code === 'KeyP' && at) { event.preventDefault(); prices(pop); return; }
    if (event.altKey && event.code === 'Digit1' && cell) { event.preventDefault(); pop.hidden = true; unfill(cell.parentElement, true); cell.parentElement.querySelectorAll('[data-auto] [name]').forEach(function (f) { f.dataset.asked = ''; }); ask(form); return; }
    if (event.key === 'Enter' && !ctrl && !pop.hidden) {
      const table = pop.querySelector('[data-live="more"]').children[1];
      const last = table && table.querySelector('tbody tr:first-child td:last-child');
      const price = at && at.querySelector('[data-auto]');
      event.preventDefault();
      pop.hidden = true;
      if (last && price) { set(price, [last.textContent, last.textContent]); written(parts(price).value); changed(form); parts(price).seen.focus(); }
      return;
    }
    if (event.key === 'Escape' && !pop.hidden) { event.preventDefault(); pop.hidden = true; return; }
    if (event.key === 'Escape' && cell && event.target.dataset.before !== undefined && !event.target.closest('[data-combo]')) { event.target.value = event.target.dataset.before; reckon(form); }
    if (cell && ctrl && event.key === 'Backspace') { event.preventDefault(); ky.rows.remove(cell.parentElement); }
    if (event.key === 'Enter' && !ctrl && event.target.tagName === 'INPUT' && event.target.closest('.ky-doc-fields')) {
      event.preventDefault();
      const all = Array.from(form.querySelectorAll('.ky-doc-fields input:not([type=hidden]), .ky-doc-fields select, .ky-doc-fields textarea')).concat(ky.rows.cells(body(form)));
      const next = all[all.indexOf(event.target) + (event.shiftKey ? -1 : 1)];
      if (next) { next.focus(); if (next.select) next.select(); }
    }
  }

  /* What was paid before, beside the line at work. */
  function prices(pop) {
    pop.hidden = !pop.hidden || !pop.firstElementChild.textContent.trim();
    if (pop.hidden) return;
    const cell = at.querySelector('[data-auto]') || at;
    const box = cell.getBoundingClientRect();
    const above = box.bottom + pop.offsetHeight + 8 > innerHeight;
    Object.assign(pop.style, { left: Math.max(8, Math.min(box.left, innerWidth - pop.offsetWidth - 8)) + 'px', top: (above ? box.top - pop.offsetHeight - 6 : box.bottom + 6) + 'px' });
  }

  /* Lines from elsewhere go behind those that are there. */
  function take(form, asked, flag) {
    const sent = new URLSearchParams(asked);
    if (flag) sent.append(flag, '1');
    ky.fetch(body(form), form.dataset.paste, { method: 'POST', body: sent }).then(function (answer) {
      if (!answer.ok) return;
      const got = JSON.parse(answer.text);
      Object.keys(got.head || {}).forEach(function (name) { fill(form.querySelector('[data-field="' + name + '"]'), got.head[name]); });
      if (flag && !got.rows.length) return;
      got.rows.forEach(function (values) {
        const row = body(form).lastElementChild;
        Object.keys(values).forEach(function (name) { set(row.querySelector('[data-cell="' + name + '"]'), values[name]); });
        if (blank(row)) return;
        extend(form);
      });
      form.dataset.dirty = '';
      form.querySelector('[data-unsaved]').hidden = false;
      const last = ky.rows.cells(body(form).lastElementChild)[0];
      if (last) last.focus();
      if (got.says) document.dispatchEvent(new CustomEvent('ky:toast', { detail: { kind: 'warn', title: ky.text('粘贴明细', 'Lines'), text: got.says } }));
      ask(form);
    }, function () {});
  }
  ky.on('click', '[data-again]', function (event, button) {
    const form = button.closest('form');
    const whom = form.querySelector('[name="' + button.dataset.again + '"]');
    if (!whom || !whom.value) { form.querySelector('[data-field="' + button.dataset.again + '"] input').focus(); return; }
    take(form, { again: whom.value });
  });
  ky.on('click', '[data-prices-open]', function (event, button) {
    const form = button.closest('form');
    at = at && at.isConnected ? at : body(form).rows[0];
    prices(form.querySelector('[data-prices]'));
  });
  ky.on('click', '[data-paste-open]', function () { const dialog = document.getElementById('paste'); dialog.querySelector('textarea').value = ''; dialog.showModal(); });
  ky.on('click', '[data-paste-take]', function (event, button) {
    const dialog = button.closest('dialog');
    dialog.close();
    take(document.querySelector('form[data-document]'), { text: dialog.querySelector('textarea').value });
  });
  addEventListener('pageshow', function () { document.querySelectorAll('form[data-document]').forEach(function (form) { delete form.dataset.sent; fieldsOf(form); }); });
  function fieldsOf(form) { form.querySelectorAll('table[data-rows] [name]:disabled').forEach(function (f) { f.disabled = false; }); }
})();
