// Runs first in every document: what must never happen is noted for the end of the test, over all pages of the visit.
(function () {
  // What moves soon after a key or a click is the answer to it; under load that takes longer than the browser allows for.
  const ANSWER = 3000;
  // A fact that the server finds out later may move its neighbours within a line: a thousandth of the screen.
  const LEAST = 0.001;
  let touched = -ANSWER;
  ['keydown', 'pointerdown', 'click', 'change'].forEach(function (type) {
    addEventListener(type, function () { touched = performance.now(); }, true);
  });
  function note(kind, what) {
    try {
      const seen = JSON.parse(sessionStorage.getItem('seen') || '[]');
      seen.push(kind + ' at ' + location.pathname + ': ' + what);
      sessionStorage.setItem('seen', JSON.stringify(seen));
    } catch (error) { /* A blank page keeps nothing. */ }
  }
  function name(node) {
    return node ? node.nodeName.toLowerCase() + (node.id ? '#' + node.id : '') + '.' + String(node.className || '').replace(/ /g, '.') : '?';
  }
  document.addEventListener('securitypolicyviolation', function (event) {
    note('content policy', event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber);
  });
  new PerformanceObserver(function (list) {
    list.getEntries().forEach(function (shift) {
      if (!shift.hadRecentInput && shift.startTime - touched > ANSWER && shift.value >= LEAST) note('layout shift', shift.value.toFixed(4) + ' ' + shift.sources.map(function (it) { return name(it.node) + ' ' + JSON.stringify(it.previousRect) + ' to ' + JSON.stringify(it.currentRect); }).join(', '));
    });
  }).observe({ type: 'layout-shift', buffered: true });
})();
