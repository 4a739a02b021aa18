// SPDX-License-Identifier: Apache-2.0
// Zoom into drawn timelines and read values off them: all svg.x share one view of seconds.
(() => {
  "use strict";

  const SHORTEST = 0.1; // seconds of the closest view

  function mount(root) {
    if (root.dataset.mounted) return;
    root.dataset.mounted = "yes";
    const whole = [Number(root.dataset.begin), Number(root.dataset.end)];
    const steps = root.dataset.steps.split(" ").map(Number);
    const most = Number(root.dataset.most);
    const chart = root.querySelector(".chart");
    const over = root.querySelector(".over");
    const selection = root.querySelector(".selection");
    const readout = root.querySelector(".readout");
    const drawings = root.querySelectorAll("svg.x");
    const lanes = [...root.querySelectorAll(".lane:not(.axis)")].map(spansOf);
    const bins = JSON.parse(root.querySelector("[data-bins]").dataset.bins);
    let view = [...whole];
    let at = null; // reading line, seconds
    let drag = null; // begin of a selection, seconds

    function look(begin, end) {
      const length = Math.min(whole[1] - whole[0], Math.max(SHORTEST, end - begin));
      const from = Math.min(whole[1] - length, Math.max(whole[0], begin));
      view = [from, from + length];
      for (const svg of drawings) svg.setAttribute("viewBox", `${from} 0 ${length} 100`);
      axis();
    }

    function axis() {
      const length = view[1] - view[0];
      const step = steps.find((s) => length / s <= most) || steps[steps.length - 1];
      const labels = [];
      for (let n = Math.ceil(view[0] / step); n * step <= view[1]; n += 1) {
        const label = document.createElement("span");
        label.className = "tick";
        label.textContent = String(Number((n * step).toFixed(2)));
        label.style.left = `${(100 * (n * step - view[0])) / length}%`;
        labels.push(label);
      }
      root.querySelector(".ticks").replaceChildren(...labels);
    }

    function zoom(factor) {
      const middle = at === null ? (view[0] + view[1]) / 2 : at;
      look(middle - (middle - view[0]) * factor, middle + (view[1] - middle) * factor);
    }

    function read(t) {
      at = Math.min(whole[1], Math.max(whole[0], t));
      root.querySelector(".cursor").setAttribute("d", `M${at} 0V100`);
      const near = (view[1] - view[0]) / 150;
      const bin = Math.floor((at - bins.first) / bins.width);
      const sent = bins.sent[bin] || 0;
      const median = bins.median[bin];
      const replies = sent
        ? `${median === null ? "no reply" : `${median} ms`}, ${bins.lost[bin]} of ${sent} lost`
        : "no echo sent";
      readout.textContent = `${at.toFixed(2)} s: ${replies}`;
      for (const lane of lanes) {
        const said = lane.spans.filter((s) => s.begin <= at && at < s.end).map((s) => s.text);
        const marks = lane.marks.filter((m) => Math.abs(m.t - at) <= near).map((m) => m.text);
        lane.value.textContent = [...marks, ...said].join("; ");
        lane.value.title = lane.value.textContent;
      }
    }

    function timeOf(event) {
      const box = over.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      return view[0] + share * (view[1] - view[0]);
    }

    const actions = {
      in: () => zoom(1 / 2),
      out: () => zoom(2),
      fault: () => look(-2, 18),
      all: () => look(...whole),
    };
    for (const button of root.querySelectorAll("button[data-do]")) {
      button.addEventListener("click", actions[button.dataset.do]);
    }

    chart.addEventListener("pointermove", (event) => {
      read(timeOf(event));
      if (drag === null) return;
      const [from, to] = [Math.min(drag, at), Math.max(drag, at)];
      const share = (t) => `${(100 * (t - view[0])) / (view[1] - view[0])}%`;
      selection.hidden = false;
      selection.style.left = share(from);
      selection.style.width = `calc(${share(to)} - ${share(from)})`;
    });
    chart.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0 && !event.target.closest("a")) {
        drag = timeOf(event);
      }
    });
    window.addEventListener("pointerup", (event) => {
      if (drag === null) return;
      const to = timeOf(event);
      if (!selection.hidden && Math.abs(to - drag) > (view[1] - view[0]) / 100) {
        look(Math.min(drag, to), Math.max(drag, to));
      }
      drag = null;
      selection.hidden = true;
    });
    chart.addEventListener("dblclick", () => look(...whole));
    chart.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // a plain wheel scrolls the page
      event.preventDefault();
      read(timeOf(event));
      zoom(event.deltaY < 0 ? 1 / 1.3 : 1.3);
    }, { passive: false });
    chart.addEventListener("keydown", (event) => {
      const length = view[1] - view[0];
      const move = (share) => {
        const t = (at === null ? Math.max(0, view[0]) : at) + share * length;
        if (t < view[0] || t > view[1]) look(view[0] + share * length * 10, view[1] + share * length * 10);
        read(t);
      };
      const keys = {
        ArrowLeft: () => move(-0.01), ArrowRight: () => move(0.01),
        "+": actions.in, "=": actions.in, "-": actions.out, 0: actions.all,
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    root.querySelector(".tools").hidden = false;
  }

  function spansOf(lane) {
    const texts = (nodes) => [...nodes].filter((n) => n.querySelector("title"));
    const spans = texts(lane.querySelectorAll("svg.x rect")).map((r) => ({
      begin: Number(r.getAttribute("x")),
      end: Number(r.getAttribute("x")) + Number(r.getAttribute("width")),
      text: plain(r),
    }));
    const marks = texts(lane.querySelectorAll("svg.x path.mark")).map((p) => ({
      t: Number(p.getAttribute("d").slice(1).split(" ")[0]),
      text: plain(p),
    }));
    return { spans, marks, value: lane.querySelector(".value") };
  }

  // the title ends with times, which the reading line shows already
  function plain(node) {
    return node.querySelector("title").textContent.replace(/, -?[\d.]+( to -?[\d.]+)? s$/, "");
  }

  document.querySelectorAll(".nsm-timeline").forEach(mount);
})();
