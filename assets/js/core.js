/* What the other scripts share. Listeners sit on the document, so they also serve what is swapped in later. */
window.ky = (function () {
  'use strict';
  const ky = {};
  const starts = [];

  /** Calls fn(event, element) for events inside elements that match. `toggle` and `focus` do not bubble, hence capture. */
  ky.on = function (types, selector, fn) {
    types.split(' ').forEach(function (type) {
      document.addEventListener(type, function (event) {
        const element = event.target.closest && event.target.closest(selector);
        if (element) fn(event, element);
      }, type === 'toggle' || type === 'close' || type === 'cancel');
    });
  };

  /** Calls fn(element) once for each element that matches, now and after every swap. */
  ky.each = function (selector, fn) {
    starts.push({ selector: selector, fn: fn, done: new WeakSet() });
  };
  ky.scan = function () {
    starts.forEach(function (start) {
      document.querySelectorAll(start.selector).forEach(function (element) {
        if (start.done.has(element)) return;
        start.done.add(element);
        start.fn(element);
      });
    });
  };

  /** True while keys belong to a field or to an input method. */
  ky.typing = function (event) {
    if (event.isComposing || event.keyCode === 229) return true;
    const t = event.target;
    return t.isContentEditable || /^(TEXTAREA|SELECT)$/.test(t.tagName) || (t.tagName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(t.type));
  };

  ky.text = function (zh, en) {
    return document.documentElement.lang.startsWith('en') ? en : zh;
  };

  ky.later = function (fn, ms) {
    let timer;
    return function () {
      const args = arguments;
      clearTimeout(timer);
      timer = setTimeout(function () { fn.apply(null, args); }, ms);
    };
  };

  ky.make = function (tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  ky.icon = function (name, size) {
    const ns = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(ns, 'svg');
    const use = document.createElementNS(ns, 'use');
    svg.setAttribute('class', 'ky-icon' + (size ? ' is-' + size : ''));
    svg.setAttribute('aria-hidden', 'true');
    use.setAttribute('href', (document.documentElement.dataset.icons || '/assets/icons.svg') + '#' + name);
    svg.append(use);
    return svg;
  };

  /** Says something to those who listen instead of looking. */
  ky.say = function (text) {
    const live = document.getElementById('live');
    if (live) live.textContent = text;
  };

  ky.cookie = function (name, value) {
    document.cookie = name + '=' + value + ';path=/;max-age=31536000;samesite=lax';
  };

  ky.headers = function () {
    const meta = document.querySelector('meta[name="csrf"]');
    return meta ? { 'HX-Request': 'true', 'X-CSRF-Token': meta.content } : { 'HX-Request': 'true' };
  };

  /** Fetches a fragment; a newer call for the same key aborts the older one. */
  const running = new Map();
  ky.fetch = function (key, url, options) {
    if (running.has(key)) running.get(key).abort();
    const abort = new AbortController();
    running.set(key, abort);
    const all = Object.assign({ headers: ky.headers(), credentials: 'same-origin', signal: abort.signal }, options);
    return fetch(url, all).then(function (response) {
      return response.text().then(function (text) { return { ok: response.ok, text: text }; });
    });
  };

  /** Loads an address into a region of the page, by default all of main. Rows bring the list's foot with them. */
  ky.go = function (url, region, push) {
    const target = region || '#main';
    if (!window.htmx || !document.querySelector(target)) { location.assign(url); return Promise.resolve(); }
    const how = { source: target, target: target, select: target, swap: 'outerHTML', push: push === false ? undefined : 'true' };
    if (target === '#rows' && document.getElementById('foot')) how.selectOOB = '#foot';
    return htmx.ajax('GET', url, how);
  };

  /** The page's address with some parameters set, or dropped where the value is empty. */
  ky.address = function (changes) {
    const url = new URL(location.href);
    Object.keys(changes).forEach(function (name) {
      url.searchParams.delete(name);
      if (changes[name]) url.searchParams.set(name, changes[name]);
    });
    return url.pathname + url.search.replace(/%2C/g, ',');
  };

  document.addEventListener('DOMContentLoaded', ky.scan);
  document.addEventListener('htmx:after:swap', ky.scan);
  document.addEventListener('htmx:config:request', function (event) {
    Object.assign(event.detail.ctx.request.headers, ky.headers());
  });
  document.addEventListener('ky:say', function (event) { ky.say(event.detail.text); });
  document.addEventListener('ky:refresh', function () { ky.go(location.pathname + location.search, '#main', false); });
  ky.on('click', '[data-go]', function (event, button) { event.preventDefault(); ky.go(button.dataset.go); });
  return ky;
})();
