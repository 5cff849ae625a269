/** Who may do what, as data and as text. */
import type { Life } from '../life';
import { type Survey, type SurveyOptions, surveyOf } from './survey';
import { accessText } from './table';

export interface Access extends Survey {
  /** All of it, to be read. */
  readonly text: string;
}

/** @throws Error when there is no such stack */
export async function accessOf(life: Life, options?: SurveyOptions): Promise<Access> {
  const survey = await surveyOf(life, options);
  return { ...survey, text: accessText(survey.rows) };
}
