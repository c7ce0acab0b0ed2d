// The live parts of the console: the countdown, and looking again when something changed. All pages work without it.
"use strict";
(() => {
  const body = document.body;
  const remembered = "egress-console-place";

  // The queue's address is the session's own. It is kept for this origin, so that /console/ leads back to it.
  if ("forget" in body.dataset) {
    localStorage.removeItem(remembered);
  } else if ("return" in body.dataset) {
    const place = localStorage.getItem(remembered);
    if (/^[0-9a-f]{32}$/.test(place ?? "")) location.replace(`/console/${place}/${body.dataset.return}`);
  }
  if (!body.dataset.changes) return;
  localStorage.setItem(remembered, body.dataset.place);

  // The server's clock counts, not the browser's.
  const ahead = Number(body.dataset.now) * 1000 - Date.now();
  const left = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (number) => String(number).padStart(2, "0");
    if (hours) return `${hours} h ${two(minutes)} min`;
    return minutes ? `${minutes} min ${two(rest)} s` : `${rest} s`;
  };
  const tick = () => {
    for (const until of document.querySelectorAll("[data-expires]")) {
      const seconds = Number(until.dataset.expires) - (Date.now() + ahead) / 1000;
      until.classList.toggle("soon", seconds < 60);
      const shown = until.querySelector("time");
      const words = left(seconds);
      if (shown.textContent !== words) shown.textContent = words;
    }
  };
  setInterval(tick, 500);

  const tell = (id, sentence) => {
    const place = document.getElementById(id);
    if (place.textContent !== sentence) place.textContent = sentence;
  };

  // Who is about to press a button has read what was there before, and the form names what is there now. So approving
  // waits until it can have been seen that the ask is another.
  const warn = (part) => {
    if (!part.querySelector("form")) return; // it no longer waits, and says so itself
    for (const approve of part.querySelectorAll(".approve")) {
      approve.disabled = true;
      setTimeout(() => (approve.disabled = false), 2000);
    }
    const told = document.createElement("p");
    told.className = "problem";
    told.setAttribute("role", "alert");
    told.textContent = "The ask has changed. Look at it as it is now.";
    part.prepend(told);
  };

  // Take the parts that live from the page as it is now. A part whose version is the same stays, with what was typed.
  const swap = (fresh) => {
    for (const old of document.querySelectorAll("[data-live]")) {
      const found = fresh.getElementById(old.id);
      if (!found || (old.dataset.version && old.dataset.version === found.dataset.version)) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
      document.adoptNode(found);
      if (old.dataset.version) warn(found);
      old.replaceWith(found);
      if (focused !== null) (document.getElementById(focused) ?? document.getElementById("main")).focus();
    }
    document.title = fresh.title;
    tick();
  };
  let looking = false;
  let again = false;
  const look = () => {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    // A request for a document, not text that becomes one: trusted types allow nothing else.
    const request = new XMLHttpRequest();
    request.open("GET", body.dataset.page);
    request.setRequestHeader("X-Egress-Look", "1");
    request.responseType = "document";
    request.onload = () => {
      if (new URL(request.responseURL).pathname !== new URL(body.dataset.page, location.href).pathname) return over();
      if (request.response) swap(request.response);
    };
    // Not at once again, however fast asks come.
    request.onloadend = () =>
      setTimeout(() => {
        looking = false;
        if (again) {
          again = false;
          look();
        }
      }, 300);
    request.send();
  };
  let ended = false;
  const over = () => {
    ended = true;
    tell("live", "You are logged out. Load the page anew to log in.");
  };

  // The feed. What is new is counted, and told every few seconds however much it is; the page shows it at once.
  const pause = document.getElementById("pause");
  let paused = false;
  let unseen = {};
  let telling = 0;
  const told = () => {
    telling = 0;
    const words = Object.entries(unseen).map(([verdict, count]) => `${count} ${verdict}`);
    if (words.length) tell("news", `${paused ? "Since the pause" : "New"}: ${words.join(", ")}.`);
    if (!paused) unseen = {};
  };
  const recorded = ({ records, clean }) => {
    tell("clean", String(clean));
    for (const [verdict, count] of Object.entries(records)) unseen[verdict] = (unseen[verdict] ?? 0) + count;
    if (!Object.keys(records).length) return;
    telling ||= setTimeout(told, document.getElementById("news").textContent ? 4000 : 0);
    if (!paused) look();
  };
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
      pause.textContent = paused ? "Go on" : "Pause";
      tell("live", paused ? "Paused: nothing moves." : "Live: changes show at once.");
      tell("news", "");
      unseen = {};
      if (!paused) look();
    });
  }

  let changes;
  const follow = () => {
    changes = new EventSource(body.dataset.changes);
    changes.onopen = () => {
      if (paused) return;
      tell("live", "Live: changes show at once.");
      look(); // what changed between the page and the stream
    };
    changes.onerror = () => {
      if (changes.readyState === EventSource.CLOSED) over();
      else tell("live", "Not live: the proxy cannot be reached. Trying again.");
    };
    changes.addEventListener("recorded", (event) => recorded(JSON.parse(event.data)));
    changes.addEventListener("asked", () => {
      tell("news", "A new ask waits.");
      look();
    });
    changes.addEventListener("decided", () => {
      tell("news", "An ask was decided.");
      look();
    });
  };
  follow();

  // A browser has six connections to a host, for all its tabs. So only the queue, whose title counts, goes on unseen.
  document.addEventListener("visibilitychange", () => {
    if (ended || "stays" in body.dataset) return;
    changes.close();
    if (document.hidden) tell("live", "Not live while nobody looks.");
    else follow();
  });
})();
