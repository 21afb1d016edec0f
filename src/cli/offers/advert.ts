/** What the API tells of one provider's offer. */
import type { advertView } from '../../peer/views.ts'

export type Advert = ReturnType<typeof advertView>
