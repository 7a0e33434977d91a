// Pictures for mails: brought once, put in where the cursor stands.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";

import { api, ApiError, type List, query, send } from "../api";
import { bytes } from "../format";
import { Button } from "../kit/controls";
import { ask, Dialog } from "../kit/layers";
import { Empty, Loading, Problem, useFilter } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { t } from "../texts";
import { useRoutes } from "./routes";

interface Image {
  id: string;
  name: string;
  content_type: string;
  width: number;
  height: number;
  size: number;
  url: string;
}

const quoted = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

// No wider than its mail, and with words for those who do not see it.
export function tagOf(image: Image, mjml: boolean): string {
  const alt = quoted(image.name.replace(/\.\w+$/, "").replaceAll(/[-_]+/g, " "));
  const width = Math.min(image.width, 560);
  return mjml ? `<mj-image src="${image.url}" alt="${alt}" width="${width}px" />` : `<img src="${image.url}" alt="${alt}" width="${width}" style="display:block; max-width:100%; height:auto;">`;
}

function Gallery({ put, close }: { put: (image: Image) => void; close: () => void }) {
  const client = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const images = useQuery({ queryKey: ["images"], queryFn: () => api.get<List<Image>>(`/images${query({ limit: 200 })}`).then((list) => list.items) });
  const bring = useMutation({
    mutationFn: async (picked: File) => (await (await send("POST", `/images${query({ name: picked.name.slice(0, 200) })}`, picked)).json()) as Image,
    onSuccess: (image) => {
      client.invalidateQueries({ queryKey: ["images"] });
      put(image);
      close();
    },
  });
  const remove = async (image: Image) => {
    if (await ask({ title: t("Delete this picture?"), text: t("Mails that show {name} show a gap from then on, those already sent too.", { name: image.name }), yes: t("Delete"), danger: true })) api.remove(`/images/${image.id}`).then(() => { client.invalidateQueries({ queryKey: ["images"] }); say(t("Deleted")); }, sayProblem);
  };
  const problem = bring.error instanceof ApiError ? bring.error : null;
  return (
    <Dialog open close={close} kind="wide" title={t("Pictures")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" icon="upload" busy={bring.isPending} onClick={() => file.current?.click()}>{t("Bring a picture")}</Button></>}>
      <div className="stack">
        <input ref={file} type="file" hidden accept="image/png,image/jpeg,image/gif,image/webp" aria-label={t("Picture")} onChange={(event) => { const picked = event.currentTarget.files?.[0]; event.currentTarget.value = ""; if (picked) bring.mutate(picked); }} />
        {problem && <Problem error={problem} />}
        {images.isError ? <Problem error={images.error} again={() => images.refetch()} /> : !images.data ? <Loading /> : images.data.length === 0 ? <Empty icon="page" title={t("No pictures yet")}>{t("PNG, JPEG, GIF or WebP, up to 2 MB. Everybody who has a picture's address can see it, as mails need.")}</Empty> : (
          <div className="gallery">
            {images.data.map((image) => (
              <figure key={image.id} className="card">
                <button type="button" className="picture" aria-label={t("Put in {name}", { name: image.name })} onClick={() => { put(image); close(); }}><img src={new URL(image.url).pathname} alt="" loading="lazy" /></button>
                <figcaption className="row between"><span className="stack" style={{ gap: 0 }}><span className="cut small strong" title={image.name}>{image.name || t("Without a name")}</span><span className="faint tiny number">{image.width} × {image.height} · {bytes(image.size)}</span></span><Button look="ghost" small icon="trash" label={t("Delete {name}", { name: image.name })} onClick={() => void remove(image)} /></figcaption>
              </figure>
            ))}
          </div>
        )}
      </div>
    </Dialog>
  );
}

export function Pictures({ mjml, insert }: { mjml: boolean; insert: (text: string) => void }) {
  const routes = useRoutes();
  const [open, setOpen] = useFilter("pictures");
  if (!routes.has("POST", "/images")) return null;
  return <><Button small icon="plus" onClick={() => setOpen("1")}>{t("Picture")}</Button>{open && <Gallery close={() => setOpen(null)} put={(image) => insert(tagOf(image, mjml))} />}</>;
}
