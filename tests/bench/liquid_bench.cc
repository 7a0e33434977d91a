// Renders a personalised mail of about 10 KB over and over, as preview and sending do, and prints renders per second.
// liquid_peer.mjs renders the very same template and contexts with liquidjs; `liquid_bench --print DIR` writes them there.
#include "postrider/content/compiled_template.h"

#include <boost/json.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace content = postrider::content;
namespace json = boost::json;

namespace {

std::string mail() {
  std::string html = R"(<!doctype html><html><head><meta charset="utf-8"><title>{{ campaign.name }}</title>
<style>body{font-family:Helvetica,Arial,sans-serif;margin:0;color:#222}.row{padding:12px 24px}.price{font-weight:bold}</style></head><body>
<p>Hi {{ contact.first_name | default: "there" }} {{ contact.last_name }},</p>
{% if contact.attributes.plan == "pro" and contact.tags contains "vip" %}<p>Thank you for being one of our {{ contact.attributes.plan | upcase }} customers since {{ contact.created_at | date: "%B %Y" }}.</p>{% else %}<p>Have you seen what {{ campaign.name }} offers?</p>{% endif %}
<table class="products">
{% for product in campaign.products %}<tr class="{% cycle 'odd', 'even' %}"><td>{{ forloop.index }}.</td><td><a href="https://shop.example/p/{{ product.sku | url_encode }}?c={{ contact.id }}">{{ product.name | escape }}</a></td><td class="price">{{ product.price | times: 1.22 | round: 2 }} {{ campaign.currency }}</td><td>{{ product.description | truncate: 60 }}</td></tr>
{% endfor %}</table>
{% assign city = contact.attributes.city | default: "your town" | capitalize %}
)";
  for (int i = 1; i <= 12; ++i) {
    html += "<div class=\"row\"><h2>Story " + std::to_string(i) +
            " for {{ city }}</h2><p>Dear {{ contact.first_name | capitalize }}, lorem ipsum dolor sit amet, consectetur adipiscing elit, "
            "sed do "
            "eiusmod tempor incididunt ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco "
            "laboris nisi "
            "ut aliquip ex ea commodo consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore.</p>"
            "{% unless contact.attributes.score < " +
            std::to_string(i * 10) +
            " %}<p>Your score of {{ contact.attributes.score }} opens this offer.</p>{% endunless %}"
            "<p><a href=\"https://shop.example/story/" +
            std::to_string(i) + "?m={{ message.id }}\">Read more</a></p></div>\n";
  }
  html +=
      R"(<p style="font-size:11px">You get this because {{ contact.email }} subscribed. <a href="{{ unsubscribe_url }}">Unsubscribe</a> or change your <a href="{{ preferences_url }}">preferences</a>. {{ sender.name }}, {{ sender.address }}</p></body></html>)";
  return html;
}

json::object campaign() {
  json::array products;
  for (int i = 0; i < 10; ++i) {
    products.push_back({{"sku", "SKU-" + std::to_string(1000 + i)},
                        {"name", "Product & Co. no. " + std::to_string(i)},
                        {"price", 19.99 + i},
                        {"description", "A fine thing to have at home, in the garden or on the road, and it never breaks at all."}});
  }
  return {{"campaign", {{"name", "Summer sale"}, {"currency", "EUR"}, {"products", products}}},
          {"sender", {{"name", "Postrider Shop"}, {"address", "1 Long Street, 12345 Town"}}}};
}

json::object contact(int i) {
  auto n = std::to_string(i);
  return {{"contact",
           {{"id", "0192d3c4-0000-7000-8000-" + std::string(12 - std::min<std::size_t>(12, n.size()), '0') + n},
            {"email", "jane" + n + "@example.net"},
            {"first_name", "jane"},
            {"last_name", "O'Neil " + n},
            {"created_at", "2024-03-05T07:08:09Z"},
            {"tags", {"vip", "beta"}},
            {"attributes", {{"plan", i % 2 ? "pro" : "free"}, {"city", "rome"}, {"score", i % 130}}}}},
          {"message", {{"id", "0192d3c4-1111-7000-8000-" + std::string(12 - std::min<std::size_t>(12, n.size()), '0') + n}}},
          {"unsubscribe_url", "https://mail.example/u/" + n + "?a=1&b=2"},
          {"preferences_url", "https://mail.example/p/" + n}};
}

struct Addresses : content::LinkWriter {
  void link(std::uint32_t number, std::string_view, std::string& out) override {
    out += "https://mail.example/c/0123456789012345678901234567890123456789012345678901234567890123";
    out += std::to_string(number);
  }
  void open_pixel(std::string& out) override {
    out += "<img src=\"https://mail.example/o/0123456789012345678901234567890123456789.gif\" width=1 height=1 alt=\"\">";
  }
};

// What sending does: subject, HTML with tracked links, and the text derived from it.
int whole_mail(int rounds, json::object const& shared, std::vector<json::object> const& contacts, postrider::Clock const& clock) {
  auto compiled = content::compile_template({.subject = "{{ contact.first_name | capitalize }}, {{ campaign.name }}", .html_body = mail()});
  if (!compiled) {
    std::fprintf(stderr, "%s\n", compiled.error().fields.front().message.c_str());
    return 1;
  }
  Addresses addresses;
  std::size_t bytes = 0;
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) {
    content::RenderContext context(shared);
    context.push(contacts[static_cast<std::size_t>(i) % contacts.size()]);
    auto sent = content::render_template(*compiled, context, {.clock = clock, .links = &addresses});
    if (!sent) {
      std::fprintf(stderr, "%s\n", sent.error().describe().c_str());
      return 1;
    }
    bytes += sent->subject.size() + sent->html.size() + sent->text.size();
  }
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("whole mail, %zu tracked links and text: %.0f/s, %.2f us each, %zu bytes each\n", compiled->links.size(), rounds / seconds,
              seconds * 1e6 / rounds, bytes / static_cast<std::size_t>(rounds));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string(argv[1]) == "--print") {
    std::ofstream(std::string(argv[2]) + "/mail.html") << mail();
    json::array contacts;
    for (int i = 0; i < 100; ++i) contacts.push_back(contact(i));
    std::ofstream(std::string(argv[2]) + "/contexts.json") << json::serialize(json::object{{"shared", campaign()}, {"contacts", contacts}});
    return 0;
  }
  int rounds = argc > 1 ? std::atoi(argv[1]) : 50'000;
  postrider::SystemClock clock;
  auto program = content::parse_liquid(mail());
  if (!program) {
    std::fprintf(stderr, "%s\n", program.error().describe().c_str());
    return 1;
  }
  auto shared = campaign();
  std::vector<json::object> contacts;
  for (int i = 0; i < 100; ++i) contacts.push_back(contact(i));
  for (bool html : {false, true}) {
    content::RenderOptions options{.clock = clock, .auto_escape = html, .strict_variables = html};
    std::size_t bytes = 0;
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) {
      content::RenderContext context(shared);
      context.push(contacts[static_cast<std::size_t>(i) % contacts.size()]);
      auto text = content::render_liquid(*program, context, options);
      if (!text) {
        std::fprintf(stderr, "%s\n", text.error().describe().c_str());
        return 1;
      }
      bytes += text->size();
    }
    auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("%s: %.0f renders/s, %.2f us each, %zu bytes each\n", html ? "escaped, strict" : "plain", rounds / seconds,
                seconds * 1e6 / rounds, bytes / static_cast<std::size_t>(rounds));
  }
  return whole_mail(rounds, shared, contacts, clock);
}
