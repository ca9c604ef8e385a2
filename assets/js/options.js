/* List boxes: moving the active option, shared by combo boxes, filters and the palette. */
(function () {
  'use strict';
  let count = 0;

  ky.options = {
    all: function (list) {
      return Array.from(list.querySelectorAll('[role="option"]:not([aria-disabled="true"]):not([hidden])'));
    },
    active: function (list) { return list.querySelector('.is-active'); },
    /** Makes an option the active one and tells the field that owns the list. */
    activate: function (list, option, field) {
      const before = ky.options.active(list);
      if (before) before.classList.remove('is-active');
      if (!option) { if (field) field.removeAttribute('aria-activedescendant'); return; }
      option.classList.add('is-active');
      if (!option.id) option.id = 'option-' + (++count);
      if (field) field.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    },
    move: function (list, key, field) {
      const all = ky.options.all(list);
      if (!all.length) return;
      const at = all.indexOf(ky.options.active(list));
      const last = all.length - 1;
      const to = { ArrowDown: at < last ? at + 1 : 0, ArrowUp: at > 0 ? at - 1 : last, Home: 0, End: last, PageDown: Math.min(last, at + 8), PageUp: Math.max(0, at - 8) }[key];
      ky.options.activate(list, all[to], field);
    },
    label: function (option) {
      return option.dataset.text || (option.querySelector('span:not(.ky-check)') || option).textContent.trim();
    },
    /** Makes the letters that were found bold. */
    stress: function (small, q) {
      if (!small) return;
      const text = small.textContent;
      const at = q ? text.indexOf(q) : -1;
      if (at < 0) small.textContent = text; else small.replaceChildren(text.slice(0, at), ky.make('b', '', q), text.slice(at + q.length));
    },
    /** Shows the options that hold the text in their label or pinyin; chosen ones that don't stay, listed last. */
    narrow: function (list, query) {
      const q = query.trim().toLowerCase();
      const items = Array.from(list.children).filter(function (item) { return !item.classList.contains('is-divider'); });
      const others = [];
      list.querySelectorAll('.is-divider').forEach(function (divider) { divider.remove(); });
      items.forEach(function (item, i) { if (!item.dataset.place) item.dataset.place = i; });
      items.sort(function (a, b) { return a.dataset.place - b.dataset.place; });
      items.forEach(function (item) {
        const fits = q === '' || (ky.options.label(item) + ' ' + (item.dataset.pinyin || '')).toLowerCase().indexOf(q) >= 0;
        ky.options.stress(item.querySelector('small'), q);
        const chosen = item.getAttribute('aria-selected') === 'true';
        item.hidden = !fits && !chosen;
        if (fits || !chosen) list.append(item); else others.push(item);
      });
      if (!others.length) return;
      const divider = ky.make('li', 'is-divider', ky.text('其他已选', 'Also chosen'));
      divider.setAttribute('role', 'presentation');
      list.append(divider, ...others);
    },
  };
})();
