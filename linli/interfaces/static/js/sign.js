/**
 * [data-sign]: a signature drawn with a finger, a pen or a mouse. What is drawn goes into the file input beside the pad as a PNG,
 * black on white; without script the name is typed instead. The phone's sheets draw on the same paper.
 */
const [INK, SHARP] = ["#111", 2]; // sharp on phones, small enough to send

export function start(root) {
  for (const place of root.querySelectorAll("[data-sign]")) {
    if (place.dataset.started) continue;
    place.dataset.started = "yes";
    fill(place);
  }
}

/** The paper goes into the file input beside it. */
function fill(place) {
  const file = place.querySelector("input[type='file']");
  const typed = place.querySelector("input[type='text']");
  const pad = paper(place.querySelector("canvas"), async () => {
    const given = new DataTransfer();
    given.items.add(new File([await pad.picture()], "signature.png", { type: "image/png" }));
    file.files = given.files;
    place.dataset.signed = "yes";
    typed.value = "";
  });
  const clear = () => {
    pad.clear();
    file.value = "";
    delete place.dataset.signed;
  };
  place.querySelector("[data-sign-clear]").addEventListener("click", clear);
  typed.addEventListener("input", () => typed.value && clear());
  clear();
}

/** A canvas to sign on; `drawn` is called after each stroke. */
export function paper(canvas, drawn) {
  const pen = canvas.getContext("2d");
  let last = null;
  let blank = true;

  const clear = () => {
    canvas.width = canvas.clientWidth * SHARP;
    canvas.height = canvas.clientHeight * SHARP;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(pen, { strokeStyle: INK, fillStyle: INK, lineWidth: 2.5 * SHARP, lineCap: "round", lineJoin: "round" });
    blank = true;
  };
  const at = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [((event.clientX - frame.left) * canvas.width) / frame.width, ((event.clientY - frame.top) * canvas.height) / frame.height];
  };

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    if (blank && canvas.width !== canvas.clientWidth * SHARP) clear(); // it was laid out anew since
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    blank = false;
    pen.beginPath();
    pen.arc(...last, 1.25 * SHARP, 0, 7);
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
    if (last) drawn();
    last = null;
  });

  return {
    clear,
    picture: () => new Promise((done) => canvas.toBlob(done, "image/png")),
    /** Put what was signed before onto the paper again. */
    async show(blob) {
      const picture = await createImageBitmap(blob);
      const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
      pen.drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
      picture.close();
      blank = false;
    },
    /** Write a name as large as it fits. */
    write(name) {
      const size = canvas.height / 3;
      pen.font = `${size}px cursive, serif`;
      pen.font = `${Math.min(size, (size * canvas.width * 0.9) / pen.measureText(name).width)}px cursive, serif`;
      pen.textBaseline = "middle";
      pen.fillText(name, canvas.width * 0.05, canvas.height / 2);
      blank = false;
    },
  };
}
