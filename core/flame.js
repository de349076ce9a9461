// SPDX-License-Identifier: GPL-2.0-or-later
// What a flame graph does in a browser: a click zooms in, "reset" or Escape out; "search" or Ctrl-F
// marks the frames whose name matches a regular expression and tells their share.
(function () {
	"use strict";
	const left = 10, inner = 1180, charWidth = 7.5;
	const id = (name) => document.getElementById(name);
	const frames = Array.from(document.querySelectorAll(".f"), (g) => {
		const rect = g.querySelector("rect"), title = g.querySelector("title").textContent;
		return {
			g, rect, title, text: g.querySelector("text"),
			name: title.replace(/ \([^()]*\)$/, ""),
			x: (rect.x.baseVal.value - left) / inner, w: rect.width.baseVal.value / inner,
		};
	});

	function show(x0, w0) {
		for (const f of frames) {
			const from = Math.max((f.x - x0) / w0, 0);
			const to = Math.min((f.x + f.w - x0) / w0, 1);
			const x = left + from * inner, w = (to - from) * inner;
			const room = Math.floor((w - 6) / charWidth);
			f.g.style.display = w > 0.05 ? "" : "none";
			if (w <= 0.05)
				continue;
			f.rect.setAttribute("x", x);
			f.rect.setAttribute("width", w);
			f.text.setAttribute("x", x + 3);
			f.text.textContent = room < 3 ? "" : f.name.length <= room ? f.name :
				f.name.slice(0, room - 2) + "..";
			f.g.classList.toggle("up", f.w > w0 * 1.0000001);
		}
		id("reset").textContent = w0 < 1 ? "reset zoom" : "";
	}

	// The share of the width that marked frames cover, each place counted once.
	function covered(hits) {
		let end = 0, sum = 0;
		for (const f of hits.sort((a, b) => a.x - b.x)) {
			sum += Math.max(f.x + f.w - Math.max(f.x, end), 0);
			end = Math.max(end, f.x + f.w);
		}
		return sum;
	}

	function search() {
		const word = prompt("Functions whose name matches (a regular expression; empty: none):");
		let re = null;
		if (word === null)
			return;
		try {
			re = word ? new RegExp(word) : null;
		} catch (e) {
			id("found").textContent = e.message;
			return;
		}
		const hits = frames.filter((f) => re && re.test(f.name));
		for (const f of frames)
			f.g.classList.toggle("hit", hits.includes(f));
		id("found").textContent = re ? "matched: " + (covered(hits) * 100).toFixed(2) + "%" : "";
	}

	for (const f of frames) {
		f.g.addEventListener("click", () => show(f.x, f.w));
		f.g.addEventListener("mouseover", () => { id("told").textContent = f.title; });
		f.g.addEventListener("mouseout", () => { id("told").textContent = ""; });
	}
	window.scrollTo(0, document.documentElement.scrollHeight);
	id("search").textContent = "search";
	id("search").addEventListener("click", search);
	id("reset").addEventListener("click", () => show(0, 1));
	window.addEventListener("keydown", (e) => {
		if (e.key === "Escape")
			show(0, 1);
		if (e.key === "f" && (e.ctrlKey || e.metaKey)) {
			e.preventDefault();
			search();
		}
	});
})();
