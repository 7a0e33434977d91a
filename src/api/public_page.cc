#include "api/public_page.h"

#include "postrider/crypto/encoding.h"
#include "postrider/crypto/signing.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace postrider::api {

namespace {

constexpr std::string_view style =
    ":root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1a1d21;--soft:#5b6470;--line:#dfe3e8;--accent:#1f5fd0;--on-accent:#fff}"
    "@media(prefers-color-scheme:dark){:root{--ground:#121417;--card:#1b1e23;--ink:#eceff3;--soft:#a3adba;--line:#31363e;--accent:#7ea8f8;--on-accent:#0d1118}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "main{max-width:34rem;margin:8vh auto;padding:0 1rem}.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:2rem;overflow-wrap:anywhere}"
    ".brand{color:var(--soft);font-size:.9rem;margin:0 0 1.25rem}h1{font-size:1.4rem;line-height:1.25;margin:0 0 .75rem}"
    "p{margin:0 0 1rem}form{margin:1.25rem 0 0}fieldset{border:0;margin:0 0 1.25rem;padding:0;min-width:0}legend{font-weight:600;margin-bottom:.5rem;padding:0}"
    "label{display:flex;gap:.6rem;align-items:flex-start;padding:.45rem 0;cursor:pointer}input[type=checkbox]{width:1.15rem;height:1.15rem;margin:.2rem 0 0;flex:none;accent-color:var(--accent)}"
    ".row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center}"
    "button{font:inherit;font-weight:600;border:1px solid transparent;border-radius:8px;padding:.7rem 1.2rem;background:var(--accent);color:var(--on-accent);cursor:pointer}"
    "button.quiet{background:none;color:var(--ink);border-color:var(--line)}button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
    "a{color:var(--accent)}.aside{margin:1.5rem 0 0;padding-top:1.25rem;border-top:1px solid var(--line);color:var(--soft)}.aside form{margin:.5rem 0 0}"
    "footer{max-width:34rem;margin:-4vh auto 6vh;padding:0 2rem;color:var(--soft);font-size:.85rem;white-space:pre-line;overflow-wrap:anywhere}"
    "@media(max-width:30rem){main{margin:1rem auto}.card{padding:1.25rem}footer{margin:0 auto 2rem;padding:0 1.5rem}}";

// How bright a colour looks (WCAG relative luminance).
double luminance(std::string_view colour) {
  double sum = 0;
  constexpr double weights[] = {0.2126, 0.7152, 0.0722};
  for (std::size_t i = 0; i < 3; ++i) {
    double const part = std::stoi(std::string(colour.substr(1 + 2 * i, 2)), nullptr, 16) / 255.0;
    sum += weights[i] * (part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4));
  }
  return sum;
}

// The tenant's colour for buttons, with ink that can be read on it.
std::string painted(std::string_view accent) {
  bool const is_colour = accent.size() == 7 && accent.front() == '#' && std::ranges::all_of(accent.substr(1), [](unsigned char c) { return std::isxdigit(c); });
  if (!is_colour) return {};
  auto const colour = std::string(accent);
  std::string const ink = luminance(accent) > 0.18 ? "#0d1118" : "#fff";
  return "button{background:" + colour + ";color:" + ink + "}";
}

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
  // Quiet buttons come after the tenant's colour, which is not theirs.
  auto const sheet = std::string(style) + painted(page.accent) + "button.quiet{background:none;color:var(--ink)}";
  std::string html = "<!doctype html><html lang=\"" + html_escaped(page.language) +
                     "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                     "<meta name=\"robots\" content=\"noindex\"><title>" +
                     html_escaped(page.title) + "</title><style>" + sheet + "</style></head><body><main><div class=\"card\">";
  if (!page.brand.empty()) html += "<p class=\"brand\" dir=\"auto\">" + html_escaped(page.brand) + "</p>";
  html += "<h1>" + html_escaped(page.title) + "</h1>";
  for (auto const& paragraph : page.paragraphs) html += "<p dir=\"auto\">" + html_escaped(paragraph) + "</p>";
  html += page.form + "</div></main>";
  if (!page.footer.empty()) html += "<footer dir=\"auto\">" + html_escaped(page.footer) + "</footer>";
  html += "</body></html>";
  auto response = http::text_response(status, std::move(html), "text/html; charset=utf-8");
  response.headers.set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-" + crypto::base64(crypto::sha256(sheet)) +
                                                      "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("X-Robots-Tag", "noindex");
  return response;
}

}  // namespace postrider::api
