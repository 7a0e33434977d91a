// The HTML of templates: its links are found and judged, its text is derived, and the whole is rendered as for a mail.
#include "fuzz/target.h"
#include "postrider/content/compiled_template.h"
#include "postrider/content/plain_text.h"

#include <boost/json/parse.hpp>

namespace postrider::fuzz {

namespace {

class Links : public content::LinkWriter {
 public:
  void link(std::uint32_t number, std::string_view target, std::string& out) override {
    require(target.starts_with("http://") || target.starts_with("https://"), "only http and https addresses are tracked");
    require(target.find_first_of(std::string_view("\0\r\n \"<>", 7)) == std::string_view::npos, "a tracked address is fit for a header");
    out += "https://mail.example/c/" + std::to_string(number);
  }
  void open_pixel(std::string& out) override {
    require(++pixels_ == 1, "there is one open pixel");
    out += "<img src=\"https://mail.example/o\">";
  }

 private:
  int pixels_ = 0;
};

}  // namespace

void feed(std::string_view bytes) {
  static auto const data = boost::json::parse(
      R"json({"contact":{"first_name":"\"><script>","attributes":{"url":"javascript:alert(1)"}},"campaign":{"url":"https://shop.example/?a=1&b=2"},
          "variables":{"host":"evil.example/"},"unsubscribe_url":"https://mail.example/u"})json");
  content::plain_text_of(bytes);
  content::find_links(bytes, true);
  auto const compiled = content::compile_template(content::TemplateSource{.subject = "s", .html_body = std::string(bytes)});
  if (!compiled) return;
  FixedClock const clock(Instant(std::chrono::seconds(1'700'000'000)));
  content::RenderContext const context(data.as_object());
  Links links;
  static_cast<void>(content::render_template(*compiled, context, content::TemplateRenderOptions{.clock = clock, .strict_variables = false, .links = &links}));
}

std::vector<Pattern> patterns() {
  auto const most = std::size_t(256) * 1024;
  return {{"", "<a href=\"https://x.example/\">y</a>", "", most},
          {"", "<div>", "", most},
          {"", "<a ", "", most},
          {"", "<!--", "", most},
          {"", "<b><i><p>", "", most},
          {"<a ", "x=1 ", ">", most},
          {"<a href='", "{{ a }}", "'>", most},
          {"", "<script>", "", most},
          {"<title>", "</titl", "", most},
          {"", "&amp;&", "", most},
          {"", "<table><tr><th>", "", most},
          {"", "<ul><li>", "", most}};
}

}  // namespace postrider::fuzz
