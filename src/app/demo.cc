#include "app/demo.h"

#include "app/demo_readers.h"
#include "app/refusal.h"
#include "app/stop_signals.h"
#include "app/wiring.h"
#include "postrider/consent/consent.h"
#include "postrider/consent/suppression.h"

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>
#include <iostream>

namespace postrider::app {

namespace {

constexpr int people = 240;
constexpr char const* first_names[] = {"Ada", "Grace", "Linus", "Margaret", "Dennis", "Barbara", "Ken", "Radia", "Edsger", "Frances", "Alan", "Hedy"};
constexpr char const* last_names[] = {"Okafor", "Lindqvist", "Moreau", "Tanaka", "Rossi", "Haddad", "Novak", "Silva", "Weber", "Larsen", "Kaya"};
constexpr char const* cities[][2] = {{"Rome", "Europe/Rome"}, {"Berlin", "Europe/Berlin"}, {"Lisbon", "Europe/Lisbon"}, {"New York", "America/New_York"}, {"Tokyo", "Asia/Tokyo"}};
constexpr char const* industries[] = {"SaaS", "Retail", "Finance", "Health"};

constexpr char const* newsletter = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>News from Acme</title></head>
<body style="margin:0;background:#f3f4f6;font-family:Helvetica,Arial,sans-serif;color:#1f2937">
<table role="presentation" width="100%"><tr><td align="center" style="padding:24px">
<table role="presentation" width="100%" style="max-width:560px;background:#ffffff;border-radius:8px">
<tr><td style="padding:32px">
<h1 style="font-size:22px;margin:0 0 12px">Hello {{ contact.first_name | default: "there" }},</h1>
<p style="line-height:1.5">three things that teams in {{ contact.attributes.industry | default: "your trade" }} asked us for are done:
faster imports, segments that explain themselves, and reports that add up.</p>
{% if contact.attributes.plan == "pro" %}<p style="line-height:1.5">As a <b>pro</b> customer you have them already.</p>{% else %}<p style="line-height:1.5">They are part of every plan.</p>{% endif %}
<p><a href="https://example.com/news" style="display:inline-block;background:#4f46e5;color:#ffffff;padding:10px 18px;border-radius:6px;text-decoration:none">Read what is new</a></p>
<p style="line-height:1.5">Or see <a href="https://example.com/calendar">what comes next</a> in {{ contact.attributes.city | default: "your city" }}.</p>
<p style="font-size:12px;color:#6b7280">You get this because you subscribed as {{ contact.email }}.
<a href="{{ unsubscribe_url }}">Unsubscribe</a> · <a href="{{ preferences_url }}">Preferences</a> · <a href="{{ view_url }}">View in browser</a></p>
</td></tr></table></td></tr></table></body></html>)";

contacts::Change person(int i) {
  contacts::Change person;
  auto const* const first = first_names[i % std::size(first_names)];
  auto const* const last = last_names[i % std::size(last_names)];
  person.email = fmt::format("{}.{}.{}@example.net", first, last, i + 1);
  person.first_name = std::string(first);
  person.last_name = std::string(last);
  auto const& [city, zone] = cities[i % std::size(cities)];
  person.time_zone = std::string(zone);
  std::vector<std::string> tags{i % 3 == 0 ? "customer" : "lead"};
  if (i % 17 == 0) tags.emplace_back("vip");
  person.tags = tags;
  boost::json::object attributes;
  attributes["plan"] = i % 4 == 0 ? "pro" : "free";
  attributes["city"] = city;
  attributes["industry"] = industries[i % std::size(industries)];
  attributes["score"] = (i * 37) % 100;
  person.attributes = attributes;
  return person;
}

Task<void> add_people(Modules& m, Context context) {
  for (int i = 0; i < people; ++i) {
    auto const saved = value_or_throw(co_await m.contacts.create(context, person(i), false));
    if (i % 10 == 9) continue;  // somebody whom nobody asked: the report says why he got nothing
    auto tx = co_await m.store->begin();
    consent::Proof proof{.status = "granted", .source = "signup form", .text_shown = "Yes, send me news about Acme by e-mail."};
    value_or_throw(co_await consent::set(tx, context, saved.contact.id, "email", "marketing", std::move(proof), m.ids, m.clock.now()));
    co_await tx.commit();
  }
}

Task<SegmentId> add_segment(Modules& m, Context context, std::string name, std::string description, std::string_view conditions) {
  auto const tree = boost::json::parse(conditions);
  auto const segment = value_or_throw(co_await m.segments.create(context, std::move(name), std::move(description), true, tree));
  value_or_throw(co_await m.segments.recalculate(context.tenant, segment.id));
  co_return segment.id;
}

// Sample data that makes every page worth looking at: people with consent, segments, a template, and two campaigns, of which one is
// sent to the built-in inbox as soon as the server is up. Returns that one.
Task<CampaignId> fill(Modules& m, Context context, std::string password) {
  identity::NewUser owner{.email = "demo@example.com", .name = "Demo", .role = identity::Role::owner, .can_send = true, .password = Secret(password)};
  value_or_throw(co_await m.identity.create_user(context, std::move(owner)));
  auto const provider = value_or_throw(co_await m.identities.create_provider(context, "Built-in inbox", "demo", boost::json::object()));
  delivery::SenderChange from;
  from.from_email = "news@acme.example";
  from.from_name = "Acme News";
  from.provider_id = provider.id;
  from.verified = true;
  auto const sender = value_or_throw(co_await m.identities.create_sender(context, from));
  co_await add_people(m, context);
  auto const everybody = co_await add_segment(m, context, "Everybody", "All who have an address", R"({"type":"attribute","field":"email","operator":"exists"})");
  auto const pro = co_await add_segment(m, context, "Pro customers", "On the pro plan, by what the CRM knows",
                                        R"({"and":[{"type":"attribute","field":"attributes.plan","operator":"equals","value":"pro"},{"type":"tag","tag":"customer"}]})");
  co_await add_segment(m, context, "Readers of the week", "Opened something in the last seven days", R"({"type":"event","event":"email_opened","within":"7d","count":{"at_least":1}})");
  content::TemplateChange parts;
  parts.subject = "{{ contact.first_name | default: \"Hello\" }}, three things you asked for";
  parts.html_body = newsletter;
  auto const letter = value_or_throw(co_await m.templates.create(context, "Newsletter", "email", std::move(parts)));
  std::optional<CampaignId> first;
  for (auto const& [name, segment] : {std::pair{"Spring news", everybody}, std::pair{"Summer news for pro customers", pro}}) {
    campaigns::Change wanted;
    wanted.name = name;
    wanted.segment_ids = std::vector<SegmentId>(1, segment);
    wanted.template_id = letter.id;
    wanted.sender_id = sender.id;
    auto const campaign = value_or_throw(co_await m.campaigns.create(context, "broadcast", std::move(wanted)));
    if (!first) first = campaign.id;
  }
  co_return *first;
}

Task<void> demo(Application& application) {
  co_await application.open(true);
  auto& m = application.modules();
  Context context;
  context.tenant = identity::default_tenant();
  auto const password = "demo-" + m.ids.next().str().substr(24);
  auto const campaign = co_await fill(m, context, password);
  m.services.push_back(make_demo_readers(*m.store, m.clock, m.executor, context.tenant, *m.ingest, m.links));
  auto const address = co_await application.serve();
  value_or_throw(co_await m.campaigns.launch(context, campaign, Duration(0)));
  std::cerr << "listening on " << address << std::endl;
  std::cout << "console:  " << address << "/\nlogin:    demo@example.com\npassword: " << password
            << "\nAll mail goes to the built-in inbox: GET /api/v1/inbox\n" << std::flush;
  co_await until_told_to_stop(m.executor);
}

Task<void> demo_and_stop(Application& application) {
  std::exception_ptr failure;
  try {
    co_await demo(application);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await application.stop();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

int run_demo(Command const& command) {
  char pattern[] = "/tmp/postrider-demo-XXXXXX";
  if (!::mkdtemp(pattern)) throw std::runtime_error("cannot make a temporary folder for the demo");
  std::filesystem::path const folder = pattern;
  auto options = command.options;
  options.database = "sqlite:" + (folder / "demo.db").string();
  options.secret_file = (folder / "secret").string();
  options.state_dir = (folder / "state").string();
  {
    boost::asio::io_context context(1);
    Application application(context.get_executor(), options);
    run_to_end(context, demo_and_stop(application));
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace postrider::app
