#include "api/providers_api.h"

#include "api/provider_shapes.h"
#include "postrider/delivery/provider_settings.h"

namespace postrider::api {

namespace {

boost::json::value shown(delivery::StoredProvider const& p) {
  ProviderOut out{p.id, p.name, p.kind, p.settings, p.secrets, p.check_status, p.check_detail, p.checked_at, p.breaker, std::nullopt, p.created_at, p.updated_at};
  if (p.kind == "sendgrid") out.webhook_path = "/webhooks/sendgrid/" + p.id.str() + "/events";
  return json::encode(out);
}

boost::json::value shown(delivery::Sender const& s) {
  SenderOut out{s.id, s.from_email, s.from_name, s.reply_to, s.provider_id, s.verified, s.verified_at, std::nullopt, s.created_at, s.updated_at};
  if (s.dkim) out.dkim = DkimOut{s.dkim->domain, s.dkim->selector, s.dkim->record_name, s.dkim->record_text, s.dkim->created_at};
  return json::encode(out);
}

delivery::SenderChange change_of(SenderIn const& in) {
  delivery::SenderChange c;
  if (in.from_email) c.from_email = *in.from_email;
  if (in.from_name) c.from_name = *in.from_name;
  if (!in.reply_to.absent()) c.reply_to = in.reply_to.over(std::nullopt);
  if (in.provider_id) c.provider_id = *in.provider_id;
  if (in.verified) c.verified = *in.verified;
  return c;
}

// Only admins and owners may vouch for an address.
Result<void> may_verify(http::Request const& request, SenderIn const& in) {
  if (in.verified && *in.verified && !identity::may(caller(request), right::admin))
    return forbidden("only an admin may set verified; others verify by mail: POST /senders/{id}/verify");
  return {};
}

// The version a change insists on, if it does.
std::optional<Instant> insisted(http::Request const& request, Instant updated_at) {
  if (!request.headers.find("If-Match")) return std::nullopt;
  return updated_at;
}

// There are never many: a page is cut out of all of them, oldest first.
template <class Item>
Result<http::Response> page_out_of(http::Request const& request, std::vector<Item> const& all) {
  auto const page = page_of(request);
  if (!page) return page.error();
  std::vector<Item> rest;
  for (auto const& item : all)
    if (!page->after || item.id.str() > page->after->front()) rest.push_back(item);
  if (rest.size() > static_cast<std::size_t>(page->limit) + 1) rest.resize(static_cast<std::size_t>(page->limit) + 1);
  auto encode = [](Item const& item) { return shown(item); };
  auto key = [](Item const& item) { return std::vector<std::string>{item.id.str()}; };
  return list_answer(request, *page, rest, encode, key);
}

}  // namespace

std::vector<http::Route> ProvidersApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  add(get("/providers", right::read, on(this, &ProvidersApi::list_providers), doc("list_providers", "Providers", "providers").paged().answers_list<ProviderOut>()));
  add(post("/providers", right::admin, on(this, &ProvidersApi::create_provider), doc("create_provider", "Add a provider", "providers").takes<ProviderIn>().answers<ProviderOut>(201)));
  add(get("/providers/{id}", right::read, on(this, &ProvidersApi::show_provider), doc("show_provider", "One provider; secrets are never shown", "providers").answers<ProviderOut>()));
  add(patch("/providers/{id}", right::admin, on(this, &ProvidersApi::change_provider),
            doc("change_provider", "Change a provider; settings that are not named stay, secrets too", "providers").takes<ProviderChangeIn>().answers<ProviderOut>()));
  add(del("/providers/{id}", right::admin, on(this, &ProvidersApi::remove_provider), doc("delete_provider", "Delete a provider that no sender uses", "providers").answer(204)));
  add(post("/providers/{id}/check", right::write, on(this, &ProvidersApi::check_provider), doc("check_provider", "Try it without sending", "providers").answers<CheckOut>(),
           http::BodyKind::none));
  add(get("/senders", right::read, on(this, &ProvidersApi::list_senders), doc("list_senders", "Senders", "senders").paged().answers_list<SenderOut>()));
  add(post("/senders", right::write, on(this, &ProvidersApi::create_sender), doc("create_sender", "Add a sender", "senders").takes<SenderIn>().answers<SenderOut>(201)));
  add(get("/senders/{id}", right::read, on(this, &ProvidersApi::show_sender), doc("show_sender", "One sender", "senders").answers<SenderOut>()));
  add(patch("/senders/{id}", right::write, on(this, &ProvidersApi::change_sender), doc("change_sender", "Change a sender", "senders").takes<SenderIn>().answers<SenderOut>()));
  add(del("/senders/{id}", right::write, on(this, &ProvidersApi::remove_sender), doc("delete_sender", "Delete a sender", "senders").answer(204)));
  add(post("/senders/{id}/verify", right::write, on(this, &ProvidersApi::verify_sender),
           doc("verify_sender", "Mail a link to the sender's address that proves who reads it", "senders").answers<VerificationOut>(202), http::BodyKind::none));
  add(post("/senders/{id}/dkim", right::admin, on(this, &ProvidersApi::make_dkim_key),
           doc("make_dkim_key", "Make a key that signs this sender's mail; publish the record it names", "senders").takes<DkimIn>().answers<SenderOut>(201)));
  add(del("/senders/{id}/dkim", right::admin, on(this, &ProvidersApi::remove_dkim_key), doc("remove_dkim_key", "Sign no more", "senders").answer(204)));
  return all;
}

ProvidersApi::Answer ProvidersApi::list_providers(http::Request& request) {
  auto const all = co_await identities_.list_providers(caller(request).context.tenant);
  co_return page_out_of(request, all);
}

ProvidersApi::Answer ProvidersApi::create_provider(http::Request& request) {
  auto wanted = json::read<ProviderIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const p = co_await identities_.create_provider(context_of(request), wanted->name, wanted->kind, *wanted->settings);
  if (!p) co_return p.error();
  co_return with_etag(created("/providers/" + p->id.str(), shown(*p)), p->updated_at);
}

ProvidersApi::Answer ProvidersApi::show_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const p = co_await identities_.find_provider(caller(request).context.tenant, *id);
  if (!p) co_return p.error();
  co_return with_etag(ok(shown(*p)), p->updated_at);
}

ProvidersApi::Answer ProvidersApi::change_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto wanted = json::read<ProviderChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await identities_.find_provider(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  if (auto const fresh = check_if_match(request, before->updated_at); !fresh) co_return fresh.error();
  std::optional<std::string> name;
  std::optional<boost::json::object> settings;
  if (wanted->name) name = *wanted->name;
  if (wanted->settings) settings = *wanted->settings;
  auto const p = co_await identities_.change_provider(context_of(request), *id, name, settings, insisted(request, before->updated_at));
  if (!p) co_return p.error();
  co_return with_etag(ok(shown(*p)), p->updated_at);
}

ProvidersApi::Answer ProvidersApi::remove_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const gone = co_await identities_.remove_provider(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

ProvidersApi::Answer ProvidersApi::check_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const report = co_await identities_.check_provider(context_of(request), *id);
  if (!report) co_return report.error();
  CheckOut out{report->good(), {}};
  for (auto const& item : report->items) out.items.push_back(CheckItemOut{item.name, item.good, item.detail});
  co_return ok(json::encode(out));
}

ProvidersApi::Answer ProvidersApi::list_senders(http::Request& request) {
  auto const all = co_await identities_.list_senders(caller(request).context.tenant);
  co_return page_out_of(request, all);
}

ProvidersApi::Answer ProvidersApi::create_sender(http::Request& request) {
  auto wanted = json::read<SenderIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const good = may_verify(request, *wanted); !good) co_return good.error();
  auto const s = co_await identities_.create_sender(context_of(request), change_of(*wanted));
  if (!s) co_return s.error();
  co_return with_etag(created("/senders/" + s->id.str(), shown(*s)), s->updated_at);
}

ProvidersApi::Answer ProvidersApi::show_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const s = co_await identities_.find_sender(caller(request).context.tenant, *id);
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

ProvidersApi::Answer ProvidersApi::change_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto wanted = json::read<SenderIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const good = may_verify(request, *wanted); !good) co_return good.error();
  auto const before = co_await identities_.find_sender(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  if (auto const fresh = check_if_match(request, before->updated_at); !fresh) co_return fresh.error();
  auto const s = co_await identities_.change_sender(context_of(request), *id, change_of(*wanted), insisted(request, before->updated_at));
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

ProvidersApi::Answer ProvidersApi::remove_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const gone = co_await identities_.remove_sender(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

ProvidersApi::Answer ProvidersApi::verify_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const sent = co_await verification_.send(context_of(request), *id);
  if (!sent) co_return sent.error();
  co_return ok(json::encode(VerificationOut{*id, sent->to, sent->message}), 202);
}

ProvidersApi::Answer ProvidersApi::make_dkim_key(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const wanted = json::read<DkimIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const s = co_await identities_.make_dkim_key(context_of(request), *id, wanted->selector);
  if (!s) co_return s.error();
  co_return with_etag(created("/senders/" + s->id.str(), shown(*s)), s->updated_at);
}

ProvidersApi::Answer ProvidersApi::remove_dkim_key(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const s = co_await identities_.remove_dkim_key(context_of(request), *id);
  if (!s) co_return s.error();
  co_return no_content();
}

}  // namespace postrider::api
