import { failed } from '@lifeboat/kernel';
import type { Mailer } from '@lifeboat/ports';
import type { ServiceWorld } from '@lifeboat/runtime';
import type { NotifierEffect, NotifierResult } from './decide/effects.ts';

/** A mail sent again after a crash has the same Message-ID: mail programs show it once. */
export const notifierWorld = ({ mailer }: { readonly mailer: Mailer }): ServiceWorld<NotifierEffect, NotifierResult, never> => ({
  perform: async ({ mail }, context) => (context.valid() ? mailer.send(mail) : failed('MAIL_UNREACHABLE', 'we no longer lead')),
});
