// Images and files that somebody pastes or drops.

const LIMIT_BYTES = 10_000_000;
/** What every service reads that reads images. */
const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export interface Taken {
  readonly image: (mimeType: string, data: string) => void;
  readonly files: (uris: readonly string[]) => void;
  readonly tooLarge: () => void;
}

/** Take them from what is pasted into the field or dropped on the page; texts go their usual way. */
export function takePasted(field: HTMLElement, taken: Taken): void {
  field.addEventListener("paste", (event) => {
    if (event.clipboardData && take(event.clipboardData, taken)) event.preventDefault();
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (event.dataTransfer && take(event.dataTransfer, taken)) event.preventDefault();
  });
}

function take(transfer: DataTransfer, taken: Taken): boolean {
  const images = [...transfer.files].filter(({ type }) => TYPES.includes(type));
  const uris = urisOf(transfer.getData("application/vnd.code.uri-list") || transfer.getData("text/uri-list"));
  for (const image of images) void read(image, taken);
  if (images.length === 0 && uris.length > 0) taken.files(uris);
  return images.length > 0 || uris.length > 0;
}

/** The addresses of files in a list of them, as RFC 2483 has it. */
export function urisOf(list: string): string[] {
  return list.split(/\r?\n/).filter((line) => /^(file|vscode-remote):/.test(line));
}

async function read(image: File, taken: Taken): Promise<void> {
  if (image.size > LIMIT_BYTES) return taken.tooLarge();
  const bytes = new Uint8Array(await image.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  taken.image(image.type, btoa(binary));
}
