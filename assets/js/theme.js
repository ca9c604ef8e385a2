/* Light, dark or as the system says; narrow or wide sidebar; what stays folded away. The server draws both from these cookies, so nothing flashes. */
(function () {
  'use strict';
  ky.on('click', '[data-theme-set]', function (event, button) {
    const root = document.documentElement;
    let theme = button.dataset.themeSet;
    if (theme === 'toggle') {
      const dark = root.dataset.theme === 'dark' || (root.dataset.theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
      theme = dark ? 'light' : 'dark';
    }
    root.dataset.theme = theme;
    ky.cookie('ky_theme', theme);
  });
  ky.on('click', '[data-rail]', function (event, button) {
    const narrow = document.querySelector('.ky-shell').classList.toggle('is-rail');
    button.setAttribute('aria-pressed', String(narrow));
    ky.cookie('ky_rail', narrow ? '1' : '0');
  });
  document.addEventListener('toggle', function (event) {
    const name = event.target.dataset.remember;
    if (name) ky.cookie(name, event.target.open ? '1' : '0');
  }, true);
})();
