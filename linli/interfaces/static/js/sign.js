/**
 * [data-sign]: a signature drawn with a finger, a pen or a mouse. What is drawn goes into the file input beside the pad as a PNG,
 * black on white; without script the name is typed instead.
 */
export function start(root) {
  for (const place of root.querySelectorAll("[data-sign]")) {
    if (place.dataset.started) continue;
    place.dataset.started = "yes";
    pad(place);
  }
}

function pad(place) {
  const canvas = place.querySelector("canvas");
  const file = place.querySelector("input[type='file']");
  const typed = place.querySelector("input[type='text']");
  const pen = canvas.getContext("2d");
  let last = null;

  const clear = () => {
    canvas.width = canvas.clientWidth * 2; // sharp on phones, small enough to send
    canvas.height = canvas.clientHeight * 2;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(pen, { strokeStyle: "#111", lineWidth: 5, lineCap: "round", lineJoin: "round" });
    file.value = "";
    delete place.dataset.signed;
  };
  const at = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [((event.clientX - frame.left) * canvas.width) / frame.width, ((event.clientY - frame.top) * canvas.height) / frame.height];
  };
  const keep = () => canvas.toBlob((blob) => {
    const given = new DataTransfer();
    given.items.add(new File([blob], "signature.png", { type: "image/png" }));
    file.files = given.files;
    place.dataset.signed = "yes";
    typed.value = "";
  }, "image/png");

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    if (!place.dataset.signed && canvas.width !== canvas.clientWidth * 2) clear();
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    pen.beginPath();
    pen.arc(...last, 2.5, 0, 7);
    pen.fillStyle = "#111";
    pen.fill();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    pen.beginPath();
    pen.moveTo(...last);
    last = at(event);
    pen.lineTo(...last);
    pen.stroke();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => {
    if (last) keep();
    last = null;
  });
  place.querySelector("[data-sign-clear]").addEventListener("click", clear);
  typed.addEventListener("input", () => typed.value && clear());
  clear();
}
