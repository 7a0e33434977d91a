#include "api/public_page.h"

namespace postrider::api {

namespace {

constexpr std::string_view style =
    ":root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1a1d21;--soft:#5b6470;--line:#dfe3e8;--accent:#1f5fd0;--on-accent:#fff}"
    "@media(prefers-color-scheme:dark){:root{--ground:#121417;--card:#1b1e23;--ink:#eceff3;--soft:#a3adba;--line:#31363e;--accent:#7ea8f8;--on-accent:#0d1118}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "main{max-width:34rem;margin:8vh auto;padding:0 1rem}.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:2rem}"
    ".brand{color:var(--soft);font-size:.9rem;margin:0 0 1.25rem;overflow-wrap:anywhere}h1{font-size:1.4rem;line-height:1.25;margin:0 0 .75rem}"
    "p{margin:0 0 1rem}form{margin:1.25rem 0 0}fieldset{border:0;margin:0 0 1.25rem;padding:0}legend{font-weight:600;margin-bottom:.5rem;padding:0}"
    "label{display:flex;gap:.6rem;align-items:flex-start;padding:.4rem 0}input[type=checkbox]{width:1.15rem;height:1.15rem;margin-top:.2rem;accent-color:var(--accent)}"
    "button{font:inherit;font-weight:600;border:0;border-radius:8px;padding:.7rem 1.2rem;background:var(--accent);color:var(--on-accent);cursor:pointer}"
    "button.quiet{background:none;color:var(--accent);border:1px solid var(--line)}button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
    "a{color:var(--accent)}small{color:var(--soft)}";

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char const c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

http::Response public_page(int status, PublicPage const& page) {
  std::string html = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                     "<meta name=\"robots\" content=\"noindex\"><title>" +
                     html_escaped(page.title) + "</title><style>" + std::string(style) + "</style></head><body><main><div class=\"card\">";
  if (!page.brand.empty()) html += "<p class=\"brand\">" + html_escaped(page.brand) + "</p>";
  html += "<h1>" + html_escaped(page.title) + "</h1>";
  for (auto const& paragraph : page.paragraphs) html += "<p>" + html_escaped(paragraph) + "</p>";
  html += page.form + "</div></main></body></html>";
  auto response = http::text_response(status, std::move(html), "text/html; charset=utf-8");
  response.headers.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("X-Robots-Tag", "noindex");
  return response;
}

}  // namespace postrider::api
