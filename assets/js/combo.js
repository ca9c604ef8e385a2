/* Combo boxes after the ARIA 1.2 pattern. The server finds (name, pinyin initials, full pinyin, code) and answers with
   options as HTML; a last option may create what was typed. */
(function () {
  'use strict';
  let leaving = false;

  function parts(combo) {
    return { combo: combo, field: combo.querySelector('[role="combobox"]'), list: combo.querySelector('[role="listbox"]'), value: combo.querySelector('.ky-box > input[type="hidden"]'), many: combo.hasAttribute('data-many'), free: combo.hasAttribute('data-free') };
  }

  function expand(p, open) {
    p.list.hidden = !open;
    p.field.setAttribute('aria-expanded', String(open));
    if (!open) { ky.options.activate(p.list, null, p.field); return; }
    // Over everything, at the field's place: nothing that scrolls may cut it off.
    const box = p.combo.getBoundingClientRect();
    const above = box.bottom + p.list.offsetHeight + 8 > innerHeight && box.top > p.list.offsetHeight;
    const width = Math.min(Math.max(box.width, p.list.querySelector('.is-wide') ? 600 : 200), innerWidth - 16);
    Object.assign(p.list.style, { position: 'fixed', left: Math.max(8, Math.min(box.left, innerWidth - width - 8)) + 'px', width: width + 'px', right: 'auto', top: above ? box.top - p.list.offsetHeight - 4 + 'px' : box.bottom + 4 + 'px' });
  }

  function note(p, text) {
    p.list.replaceChildren(ky.make('li', 'ky-mute', text));
    expand(p, true);
  }

  function address(p, query) {
    const url = new URL(p.combo.dataset.src, location.href);
    url.searchParams.set('q', query);
    if (p.value && p.value.value) url.searchParams.set('value', p.value.value);
    const form = p.combo.closest('form');
    (p.combo.dataset.depends || '').split(',').filter(Boolean).forEach(function (name) {
      const field = form && form.querySelector('[name="' + name + '"]');
      if (field) url.searchParams.set(name, field.value);
    });
    return url.pathname + url.search;
  }

  const ask = ky.later(function (p, query) {
    const slow = setTimeout(function () { note(p, ky.text('正在查找', 'Searching')); }, 150);
    ky.fetch(p.list, address(p, query)).then(function (answer) {
      clearTimeout(slow);
      if (leaving || document.activeElement !== p.field) return;
      p.list.innerHTML = answer.ok ? answer.text : '';
      finish(p, query);
    }, function () { clearTimeout(slow); });
  }, 120);

  function finish(p, query) {
    const all = ky.options.all(p.list);
    if (!all.length && p.free) { expand(p, false); return; }
    if (!all.length) { note(p, ky.text('没有匹配：', 'No match: ') + query); ky.say(p.list.textContent); return; }
    expand(p, true);
    // What may be new is not replaced by what resembles it.
    ky.options.activate(p.list, query && !p.free ? all[0] : p.list.querySelector('[aria-selected="true"]'), p.field);
    ky.say(all.length + ky.text(' 项', ' options'));
  }

  function search(p, query) {
    if (!p.combo.hasAttribute('data-local')) { ask(p, query); return; }
    ky.options.narrow(p.list, query);
    finish(p, query);
  }

  function changed(p) {
    (p.value || p.field).dispatchEvent(new Event('change', { bubbles: true }));
  }

  function take(p, option) {
    if (option.dataset.create) { create(p, option); return; }
    const text = ky.options.label(option);
    if (p.many) {
      const tag = ky.make('span', 'ky-tag', text);
      const hidden = ky.make('input');
      Object.assign(hidden, { type: 'hidden', name: p.combo.dataset.name, value: option.dataset.value });
      const remove = ky.make('button');
      remove.type = 'button';
      remove.dataset.tagRemove = '';
      remove.setAttribute('aria-label', ky.text('去掉 ', 'Remove ') + text);
      remove.append(ky.icon('x', 12));
      tag.append(hidden, remove);
      p.field.before(tag);
      p.field.value = '';
    } else {
      p.field.value = text;
      if (p.value) p.value.value = option.dataset.value;
    }
    p.field.dataset.was = p.field.value;
    expand(p, false);
    changed(p);
  }

  function create(p, option) {
    option.setAttribute('aria-busy', 'true');
    ky.fetch(p.list, option.dataset.create, { method: 'POST', body: new URLSearchParams({ name: p.field.value.trim() }) }).then(function (answer) {
      const box = ky.make('template');
      box.innerHTML = answer.text;
      const made = box.content.querySelector('[role="option"]');
      if (answer.ok && made) take(p, made); else note(p, answer.text);
    }, function () { expand(p, false); });
  }

  /* What was typed and not taken goes back, unless the field was emptied on purpose. */
  function settle(p) {
    expand(p, false);
    if (p.field.value.trim() === '' && p.value && p.value.value) { p.value.value = ''; p.field.dataset.was = ''; changed(p); } else if (!p.free) p.field.value = p.field.dataset.was || '';
  }

  ky.each('[data-combo]', function (combo) {
    const p = parts(combo);
    p.field.dataset.was = p.field.value;
    p.field.addEventListener('input', function (event) { if (!event.isComposing) search(p, p.field.value); });
    p.field.addEventListener('compositionend', function () { search(p, p.field.value); });
    p.field.addEventListener('blur', function () { setTimeout(function () { if (!combo.contains(document.activeElement)) settle(p); }, 0); });
    combo.addEventListener('mousedown', function (event) {
      const option = event.target.closest('[role="option"]');
      if (event.target.closest('[role="listbox"]')) event.preventDefault();
      if (option && option.getAttribute('aria-disabled') !== 'true') take(p, option);
      else if (event.target.closest('.ky-box') && !event.target.closest('[data-tag-remove]')) { if (p.list.hidden) search(p, ''); else if (event.target !== p.field) expand(p, false); if (event.target !== p.field) { event.preventDefault(); p.field.focus(); } }
    });
    p.field.addEventListener('keydown', function (event) {
      if (event.isComposing || event.keyCode === 229) return;
      const open = !p.list.hidden;
      // In a grid the arrows move between lines unless the list is open.
      if (!open && !event.altKey && /^Arrow/.test(event.key) && p.field.closest('table[data-rows]')) return;
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return;
      if (/^(ArrowDown|ArrowUp|PageDown|PageUp)$/.test(event.key)) { event.preventDefault(); if (open) ky.options.move(p.list, event.key, p.field); else search(p, ''); }
      else if (event.key === 'Enter' && open && p.free && !ky.options.active(p.list)) expand(p, false);
      else if (event.key === 'Enter' && open) { event.preventDefault(); const option = ky.options.active(p.list); if (option) take(p, option); }
      else if (event.key === 'Escape' && open) { event.preventDefault(); event.stopPropagation(); p.field.value = p.field.dataset.was || ''; expand(p, false); }
      else if (event.key === 'Tab' && open) { const option = ky.options.active(p.list); if (option && p.field.value !== p.field.dataset.was) take(p, option); }
      else if (event.key === 'Backspace' && p.many && p.field.value === '') { const tags = combo.querySelectorAll('.ky-tag'); if (tags.length) { tags[tags.length - 1].remove(); changed(p); } }
    });
    const form = combo.closest('form');
    const depends = (combo.dataset.depends || '').split(',').filter(Boolean);
    if (form && depends.length) form.addEventListener('change', function (event) { if (depends.indexOf(event.target.name) >= 0 && p.value) { p.value.value = ''; p.field.value = ''; p.field.dataset.was = ''; } });
  });
  ky.on('click', '[data-tag-remove]', function (event, button) {
    const box = button.closest('.ky-box');
    button.closest('.ky-tag').remove();
    box.dispatchEvent(new Event('change', { bubbles: true }));
  });
  addEventListener('pagehide', function () { leaving = true; });
})();
