// Every page of the console and its states, with addresses made of what the workspace holds.
import { api } from './stage.mjs';

export async function pagesOf(page) {
  const list = async (path) => (await api(page, 'GET', path)).items;
  const campaigns = await list('/campaigns?limit=200');
  const sent = campaigns.find((one) => one.status === 'completed') ?? campaigns.at(-1);
  const draft = campaigns.find((one) => one.status === 'draft') ?? campaigns[0];
  const [template] = await list('/templates?limit=1');
  const [segment] = await list('/segments?limit=1');
  const messages = await list('/messages?limit=200');
  const skipped = messages.find((one) => one.status === 'skipped') ?? messages[0];
  const was = messages.find((one) => one.status === 'sent') ?? messages[0];
  const imports = await list('/imports?limit=1');
  const contact = was.contact_id;
  return {
    home: '/',
    campaigns: '/campaigns', 'campaigns-new': '/campaigns?new=1',
    'campaign-audience': `/campaigns/${draft.id}`, 'campaign-content': `/campaigns/${draft.id}?step=content`, 'campaign-sender': `/campaigns/${draft.id}?step=sender`,
    'campaign-schedule': `/campaigns/${draft.id}?step=schedule`, 'campaign-review': `/campaigns/${draft.id}?step=review`,
    'campaign-report': `/campaigns/${sent.id}`, 'campaign-messages': `/campaigns/${sent.id}?tab=messages`, 'campaign-links': `/campaigns/${sent.id}?tab=links`, 'campaign-domains': `/campaigns/${sent.id}?tab=domains`,
    'campaign-sent-content': `/campaigns/${sent.id}?tab=content`, 'campaign-history': `/campaigns/${sent.id}?tab=history`,
    templates: '/templates', 'templates-new': '/templates?new=1', template: `/templates/${template.id}`, 'template-versions': `/templates/${template.id}?tab=versions`, 'template-pictures': `/templates/${template.id}?pictures=1`,
    contacts: '/contacts', 'contacts-new': '/contacts?new=1', 'contacts-none': '/contacts?search=nobody-is-called-this',
    contact: `/contacts/${contact}`, 'contact-consent': `/contacts/${contact}?tab=consent`, 'contact-messages': `/contacts/${contact}?tab=messages`, 'contact-segments': `/contacts/${contact}?tab=segments`, 'contact-history': `/contacts/${contact}?tab=history`,
    segments: '/segments', 'segments-new': '/segments/new', segment: `/segments/${segment.id}`, 'segment-members': `/segments/${segment.id}?tab=members`, 'segment-explain': `/segments/${segment.id}?tab=explain&contact=${contact}`,
    imports: '/imports', 'imports-new': '/imports?new=1', ...(imports[0] && { import: `/imports/${imports[0].id}`, 'import-columns': `/imports/${imports[0].id}?tab=columns` }),
    suppressions: '/suppressions', 'suppressions-new': '/suppressions?new=1',
    messages: '/messages', 'message-sent': `/messages/${was.id}`, 'message-skipped': `/messages/${skipped.id}`,
    events: '/events', senders: '/senders', 'senders-rules': '/senders?tab=rules', 'senders-new-provider': '/senders?new=provider', 'senders-new-sender': '/senders?new=sender',
    jobs: '/jobs', 'jobs-dead': '/jobs?tab=dead', audit: '/audit', team: '/team', 'team-new': '/team?new=1', 'team-keys': '/team?tab=keys', 'team-keys-new': '/team?tab=keys&new=1',
    settings: '/settings', nowhere: '/nowhere',
  };
}
