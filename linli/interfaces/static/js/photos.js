/**
 * Photos before they are sent. Where one was taken is read from its head, here on the device, and offered as the pin; the
 * server removes it from what is kept. A photo of today's telephones takes a minute on a slow line: it is made smaller first.
 */
const LARGE = 700_000; // bytes: smaller files are sent as they are
const SIDE = 2048; // pixels of the longer side
const HEAD = 131_072; // bytes in which the head of a JPEG lies

/** The first place named in the heads of these files: { lon, lat } as text, or null. */
export async function placeOf(files) {
  for (const file of files) {
    const at = place(new DataView(await file.slice(0, HEAD).arrayBuffer()));
    if (at) return at;
  }
  return null;
}

/** Exchange the large photos of a file input for smaller ones; what cannot be read is left for the server to judge. */
export async function smaller(input) {
  const files = [...input.files];
  if (!files.some((file) => file.size > LARGE)) return;
  const given = new DataTransfer();
  for (const file of files) given.items.add(file.size > LARGE ? await shrunk(file) : file);
  if ([...input.files].every((file, at) => file === files[at])) input.files = given.files;
}

async function shrunk(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); });
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

/** EXIF of a JPEG: the APP1 segment, its TIFF head, the GPS directory (0x8825), latitude and longitude in degrees, minutes, seconds. */
function place(view) {
  try {
    if (view.getUint16(0) !== 0xffd8) return null;
    for (let at = 2; at + 10 < view.byteLength && view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
      if (view.getUint8(at + 1) === 0xe1 && view.getUint32(at + 4) === 0x45786966) return gps(view, at + 10);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a head that is cut or broken names no place
  }
  return null;
}

function gps(view, start) {
  const little = view.getUint16(start) === 0x4949;
  const directory = (offset) => {
    const found = new Map();
    const count = view.getUint16(start + offset, little);
    for (let n = 0; n < count; n++) found.set(view.getUint16(start + offset + 2 + 12 * n, little), start + offset + 2 + 12 * n);
    return found;
  };
  const long = (at) => view.getUint32(at, little);
  const pointer = directory(long(start + 4)).get(0x8825);
  if (!pointer) return null;
  const entries = directory(long(pointer + 8));
  const degrees = (reference, value, negative) => {
    if (!entries.has(reference) || !entries.has(value)) return NaN;
    const at = start + long(entries.get(value) + 8);
    const [whole, minutes, seconds] = [0, 8, 16].map((step) => long(at + step) / (long(at + step + 4) || 1));
    return (whole + minutes / 60 + seconds / 3600) * (String.fromCharCode(view.getUint8(entries.get(reference) + 8)) === negative ? -1 : 1);
  };
  const lat = degrees(1, 2, "S");
  const lon = degrees(3, 4, "W");
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180) || (lat === 0 && lon === 0)) return null;
  return { lon: lon.toFixed(6), lat: lat.toFixed(6) };
}
