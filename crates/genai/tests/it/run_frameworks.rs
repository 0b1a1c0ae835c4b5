//! Runs of frameworks that no capture is of, by the shape of their traces.

use crate::run_text::{both_ways, trace};
use crate::runs::describe;

const SHAPES: &[(&str, &str)] = &[
    // OpenInference for the OpenAI Agents SDK: agents side by side, a tool span hands over.
    (
        "openai_agents",
        "invoke_agent Agent_workflow
               invoke_agent Triage agent=Triage
                 chat response model=gpt-4o 100/10
                 execute_tool handoff_to_Refunds tool=handoff_to_Refunds
               invoke_agent Refunds agent=Refunds
                 chat response model=gpt-4o 150/20
                 execute_tool lookup_order tool=lookup_order !
                 execute_tool lookup_order tool=lookup_order
                 chat response model=gpt-4o 180/30
                 execute_tool transfer_to_triage tool=transfer_to_triage
               invoke_agent Triage agent=Triage
                 chat response model=gpt-4o 200/10",
    ),
    // ADK: the agent that takes over is within the one that hands over.
    (
        "google_adk_transfer",
        "invoke_workflow root workflow=root
               invoke_agent root agent=root
                 generate_content llm model=gemini-2.5-flash 90/5
                 execute_tool transfer tool=transfer_to_agent
                 invoke_agent weather agent=weather
                   generate_content llm model=gemini-2.5-flash 120/15
                   execute_tool forecast tool=get_forecast
                   generate_content llm model=gemini-2.5-flash 140/25",
    ),
    // OpenInference for CrewAI: tasks are agents below the crew.
    (
        "crewai",
        "chain Crew.kickoff
               invoke_agent Researcher._execute_core agent=Researcher
                 chat ChatCompletion model=gpt-4o-mini 300/50
                 execute_tool search tool=search
                 chat ChatCompletion model=gpt-4o-mini 500/90
               invoke_agent Writer._execute_core agent=Writer
                 chat ChatCompletion model=gpt-4o-mini 700/400",
    ),
    // smolagents: steps are chains; a managed agent is called as a tool.
    (
        "smolagents",
        "invoke_agent CodeAgent.run
               chain Step_1
                 chat LiteLLMModel.generate model=gpt-4o-mini 800/60
                 execute_tool ManagedAgent tool=web_agent
                   invoke_agent ToolCallingAgent.run
                     chain Step_1
                       chat LiteLLMModel.generate model=gpt-4o-mini 400/30
                       execute_tool VisitWebpage tool=visit_webpage
               chain Step_2
                 chat LiteLLMModel.generate model=gpt-4o-mini 900/40
                 execute_tool FinalAnswerTool tool=final_answer",
    ),
    // A LangGraph supervisor with agents as sub-graphs, behind an HTTP handler.
    (
        "langgraph_supervisor",
        "- POST_/ask kind=server
               - auth
               chain LangGraph
                 invoke_agent supervisor agent=supervisor
                   chat ChatOpenAI model=gpt-4o 100/10
                   execute_tool transfer_to_math tool=transfer_to_math_expert
                 invoke_agent math_expert agent=math_expert
                   chat ChatOpenAI model=gpt-4o 120/12
                   execute_tool add tool=add @20-30
                   execute_tool add tool=add @21-29
                   chat ChatOpenAI model=gpt-4o 140/12 @31-33
                 invoke_agent supervisor agent=supervisor @34-40
                   chat ChatOpenAI model=gpt-4o 160/9 @35-36",
    ),
    // A retrieval pipeline by hand, with a retry of the client library.
    (
        "by_hand",
        "- POST_/answer kind=server
               - SELECT
               embeddings embed model=text-embedding-3-small 9/0
               retrieval search
               chat chat model=gpt-4o-mini ! ?/?
               chat chat model=gpt-4o-mini 900/80",
    ),
];

#[test]
fn frameworks_have_the_runs_that_their_users_know() {
    for (name, text) in SHAPES {
        let spans = trace(text);
        both_ways(&spans);
        insta::assert_snapshot!(format!("shape_{name}"), describe(&spans));
    }
}
