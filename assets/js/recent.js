/* The cards opened last, for the palette and the workbench: ids alone, newest first, in the cookie ky_recent. The server
   shows of them what this user may still read. */
(function () {
  'use strict';
  const MOST = 10;

  function remember() {
    const at = /^\/([a-z_]+)\/(\d+)$/.exec(location.pathname);
    if (!at) return;
    const found = /(?:^|; )ky_recent=([^;]*)/.exec(document.cookie);
    const card = at[1] + '.' + at[2];
    const others = (found ? found[1].split('~') : []).filter(function (it) { return it && it !== card; });
    ky.cookie('ky_recent', [card].concat(others).slice(0, MOST).join('~'));
  }

  document.addEventListener('DOMContentLoaded', remember);
  document.addEventListener('htmx:after:swap', remember);
})();
